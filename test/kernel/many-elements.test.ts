import { expect, it } from 'vitest';
import { Netlink } from '../../src/kernel/netlink.ts';
import type { NamedSet } from '../../src/kernel/observed.ts';
import { elementDifference, renderDifference, textsOf } from '../../src/netfilter/difference.ts';
import { ElementCollector } from '../../src/netfilter/elements.ts';
import type { Atom, SetName } from '../../src/netfilter/sets.ts';
import { SETS, SET_NAMES, isRateSet } from '../../src/netfilter/sets.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { elementQueries, elementsQuery, readElements } from '../../src/nftables/set-elements.ts';
import type { NetlinkRequest } from '../../src/rtnetlink/message.ts';
import { Lab } from '../support/lab.ts';
import { key } from '../netfilter/fixture.ts';
import { filterElements } from '../support/netfilter-drift.ts';

/** More than fill two of the kernel's messages. */
const COUNT = 2_000;
const hex = (index: number): string => index.toString(16);

/** As nft prints it, another one for each index. */
const ATOMS: Readonly<Record<Atom, (index: number) => string>> = {
  ifname: (index) => `port${index}`,
  classid: (index) => `1:${hex(index + 1)}`,
  ipv4_addr: (index) => `10.${index >> 8}.${index & 255}.1`,
  ipv6_addr: (index) => `fd00:${hex(index + 1)}::1`,
  ether_addr: (index) => `02:00:00:00:${hex((index >> 8) + 16)}:${hex(256 + (index & 255)).slice(1)}`,
  inet_proto: (index) => (index % 2 ? '6' : '17'),
  inet_service: (index) => String(index + 1),
  nd_target: (index) => `0xfd00${hex(0x1000_0000_0000 + index)}0000000000000000`,
  byte_rate: (index) => String(1000 + index),
  dhcp_hardware: (index) => `0x2${hex(0x1000_0000 + index)}0`,
};
/** Of an interval an element is a network, which nft turns into binary in another way than an address. */
const NETWORKS: Partial<typeof ATOMS> = {
  ipv4_addr: (index) => `10.${index >> 8}.${index & 255}.0/24`,
  ipv6_addr: (index) => `fd00:${hex(index + 1)}::/64`,
};

/** Sets whose key has enough different values. */
const names = SET_NAMES.filter((name) => SETS[name].key.some((atom) => atom !== 'inet_proto'));

/** What the kernel says of sets that can be read without nft. */
async function readByNetlink(
  lab: Lab,
  queriesFor: (set: NamedSet) => readonly NetlinkRequest[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { named } = layoutFor();
  const sets = names.flatMap((name) => named.get(name) ?? []).filter(({ atoms }) => atoms);
  const netlink = new Netlink();
  const readSet = async (set: NamedSet): Promise<readonly [string, ReadonlyMap<string, string>]> => {
    const { replies } = await netlink.ask(queriesFor(set), { path: `/run/netns/${lab.host.name}` });
    expect(replies.flatMap(({ refusal }) => refusal ?? [])).toEqual([]);
    const parts = replies.flatMap(({ answer }) => [...readElements(answer.messages, set)]);
    return [set.name, new Map(parts)];
  };
  try {
    return new Map(await Promise.all(sets.map(readSet)));
  } finally {
    netlink.close();
  }
}

it('all of many elements are in the kernel as they are wanted, and all go again', async () => {
  await using lab = new Lab();
  const collector = new ElementCollector();
  const owner = key('Link/default/vm1');
  const add = (set: SetName, index: number): void => {
    const { key: atoms, value, interval } = SETS[set];
    const ofKey = (atom: Atom): string => ((interval ? NETWORKS[atom] : undefined) ?? ATOMS[atom])(index);
    collector.add(
      owner,
      set,
      atoms.map(ofKey),
      value?.map((atom) => ATOMS[atom](index)),
    );
  };
  for (const set of names) for (let index = 0; index < COUNT; index++) add(set, index);
  const desired = collector.table();
  const { replacement } = layoutFor();
  const apply = (transaction: string): unknown => lab.host.run(['nft', '-f', '-'], transaction);
  const wanted = new Map(textsOf(desired));
  expect(apply(replacement + renderDifference(elementDifference(desired, new Map())))).toMatchObject({
    status: 0,
  });
  const found = filterElements(lab.host);
  for (const set of names) {
    const [present, missing] = [found.get(set)!, wanted.get(set)!];
    expect(present.size, set).toBe(COUNT);
    const absent = [...missing].filter(([text, value]) =>
      isRateSet(set) ? !present.has(text) : present.get(text) !== value,
    );
    expect(absent, set).toEqual([]);
  }
  // As the daemon reads single sets, and as it asks for single elements.
  const keysOf = ({ name }: NamedSet): string[] => [...wanted.get(name)!.keys()];
  for (const queriesFor of [
    (set: NamedSet) => [elementsQuery(set)],
    (set: NamedSet) => elementQueries(set, keysOf(set)),
  ]) {
    const read = await readByNetlink(lab, queriesFor);
    expect(read.size).toBeGreaterThan(50);
    for (const [set, elements] of read) expect(elements, set).toEqual(wanted.get(set as SetName));
  }
  expect(apply(renderDifference(elementDifference(new ElementCollector().table(), found)))).toMatchObject({
    status: 0,
    stderr: '',
  });
  const left = filterElements(lab.host);
  for (const set of names) expect(left.get(set)?.size, set).toBe(0);
});
