import type { Manifest } from '../../src/api/resource.ts';
import { policy } from '../support/manifests.ts';
import { manifest } from '../netfilter/fixture.ts';
import { Namespace, type Report, type Scenario, inTurn, timed } from './support.ts';
import { median } from './statistics.ts';
import {
  editTransaction,
  firstTransaction,
  forwardManifest,
  linkManifest,
  netfilterOf,
  textsOf,
  worldOf,
} from './world.ts';

/*
 * What one edit costs with 5000 Links, policies and forwards: against the same edit with 10 of each, and against adding
 * or deleting a single element by hand. Each edit is made and undone.
 */

const SMALL = { links: 10, policies: 10, forwards: 10 };
const LARGE = { links: 5000, policies: 5000, forwards: 5000 };
const ROUNDS = 25;
const ELEMENT = 'element inet lxcnet port { 1:1 . 6 . 1 }';

/** The policy that edits are about: it selects link 2, and lets in whoever has the role of a client. */
function edited(...blocks: readonly string[]): Manifest {
  const from = [
    { podSelector: { matchLabels: { role: 'client' } } },
    ...blocks.map((cidr) => ({ ipBlock: { cidr } })),
  ];
  return manifest(policy('edited', 'c2', { ingress: [{ from, ports: [{ port: 80 }] }] }));
}

/** What each edit puts in the place of the resources with the same keys. */
const EDITS: Readonly<Record<string, readonly Manifest[]>> = {
  'a label, of a peer': [linkManifest(1, { role: 'client' })],
  'a label, by which a policy selects': [linkManifest(1, { app: 'c2' })],
  'a forward': [forwardManifest(9001, 1)],
  'a forward with sources': [forwardManifest(9002, 1, ['172.31.7.0/24'])],
  'an ipBlock': [edited('172.31.9.0/24')],
};

type Hosts = Readonly<Record<'small' | 'large', Host>>;

interface Host {
  readonly namespace: Namespace;
  readonly world: ReadonlyMap<string, Manifest>;
  readonly before: ReturnType<typeof netfilterOf>['elements'];
}

async function prepare(size: typeof SMALL): Promise<Host> {
  const world = new Map([...worldOf(size), edited()].map((resource) => [resource.key, resource]));
  const before = netfilterOf(world.values()).elements;
  const namespace = new Namespace('edit');
  await namespace.nft(firstTransaction(before));
  return { namespace, world, before };
}

function after(host: Host, edit: readonly Manifest[]): Host['before'] {
  const world = new Map([...host.world, ...edit.map((resource) => [resource.key, resource] as const)]);
  return netfilterOf(world.values()).elements;
}

/** Two transactions of which each undoes the other. */
type Pair = readonly [string, string];

function transactions(host: Host, edit: readonly Manifest[]): Pair {
  const wanted = after(host, edit);
  return [editTransaction(textsOf(host.before), wanted), editTransaction(textsOf(wanted), host.before)];
}

const reversed = ([one, other]: Pair): Pair => [other, one];

/** @returns milliseconds of the first; the second makes it possible once more. */
async function measure({ namespace }: Host, [measured, undo]: Pair): Promise<number> {
  const took = await namespace.nft(measured);
  await namespace.nft(undo);
  return took;
}

/** With a deletion nft waits, as it ends, until no packet can use the element any more; so both arms have one, or none. */
function byHand(transaction: string): Pair {
  return transaction.includes('delete element')
    ? [`delete ${ELEMENT}\n`, `add ${ELEMENT}\n`]
    : [`add ${ELEMENT}\n`, `delete ${ELEMENT}\n`];
}

async function compare(name: string, pairs: Record<'small' | 'large', Pair>, hosts: Hosts, report: Report) {
  const hand = byHand(pairs.large[0]);
  const deleting = hand[0].startsWith('delete');
  if (deleting) await hosts.large.namespace.nft(hand[1]);
  const took = await inTurn(ROUNDS, {
    hand: () => measure(hosts.large, hand),
    small: () => measure(hosts.small, pairs.small),
    large: () => measure(hosts.large, pairs.large),
  });
  if (deleting) await hosts.large.namespace.nft(hand[0]);
  report(`${name}: one element by hand`, took.hand, 'ms');
  report(`${name}: lxcnet`, took.large, 'ms');
  report(`${name}: lxcnet against by hand`, took.large / took.hand, '×', 2);
  report(`${name}: large against small`, took.large / took.small, '×', 1.3);
}

export const oneEdit: Scenario = async (report) => {
  const hosts = { small: await prepare(SMALL), large: await prepare(LARGE) };
  const { small, large } = hosts;
  for (const [name, edit] of Object.entries(EDITS)) {
    const made = { small: transactions(small, edit), large: transactions(large, edit) };
    const undone = { small: reversed(made.small), large: reversed(made.large) };
    await compare(`${name}, made`, made, hosts, report);
    await small.namespace.nft(made.small[0]);
    await large.namespace.nft(made.large[0]);
    await compare(`${name}, undone`, undone, hosts, report);
    await small.namespace.nft(made.small[1]);
    await large.namespace.nft(made.large[1]);
  }
  for (const [name, host] of Object.entries({ small, large })) {
    const texts = textsOf(host.before);
    const times = Array.from({ length: 5 }, () =>
      timed(() => editTransaction(texts, after(host, EDITS['a label, of a peer']!))),
    );
    report(`deciding in JavaScript, ${name}`, median(times), 'ms');
    host.namespace.remove();
  }
};
