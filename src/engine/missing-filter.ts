import type { Key } from '../api/key.ts';
import type { Netlink } from '../kernel/netlink.ts';
import type { ElementTable } from '../netfilter/elements.ts';
import type { SetName } from '../netfilter/sets.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import { type ExpectedFilter, presenceOf } from '../nftables/presence.ts';

/** Without these a packet of the Link passes what it should not, or nothing of it passes. */
const OF_LINK: readonly SetName[] = [
  'egress4',
  'egress6',
  'ingress4',
  'ingress6',
  'denied_egress4',
  'denied_egress6',
  'denied_ingress4',
  'denied_ingress6',
  'guarded_ports',
  'link_ports',
  'declared_ports',
  'macs',
  'sources4',
  'sources6',
];
/** Without these nothing of the Bridge comes to the filter at all. */
const OF_BRIDGE: readonly SetName[] = ['bridges', 'bridge_macs'];

/** What has to be there for these Links and their Bridges. */
export function expectedFilter(
  owners: ReadonlySet<Key>,
  desired: ElementTable,
  layout: Layout,
): ExpectedFilter {
  const { families, named } = layout;
  const elements = [...OF_BRIDGE, ...OF_LINK].flatMap((name) => {
    const set = named.get(name);
    const own = [...(desired.get(name)?.values() ?? [])].filter(({ owner }) => owners.has(owner));
    return set && own.length > 0 ? { set, values: new Map(own.map(({ key, value }) => [key, value])) } : [];
  });
  return { families, layout: layout.chain, chains: layout.chainSizes, elements };
}

/** The first thing that the kernel lacks of this, in words; nothing where it has all. */
export async function missingFilter(
  netlink: Pick<Netlink, 'ask'>,
  expected: ExpectedFilter,
): Promise<string | undefined> {
  try {
    const { requests, missing } = presenceOf(expected);
    return missing((await netlink.ask(requests)).replies);
  } catch (error) {
    // Somebody may have put an element of any kind there.
    if (error instanceof RangeError) return `the filter cannot be looked at: ${error.message}`;
    throw error;
  }
}
