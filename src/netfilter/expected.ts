import type { Key } from '../api/key.ts';
import type { ElementTable } from './elements.ts';
import type { ExpectedElement, ExpectedFilter } from './filter-presence.ts';
import { SETS, type SetName } from './sets.ts';
import type { Layout } from './skeleton.ts';

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
  const elements = [...OF_BRIDGE, ...OF_LINK].flatMap((set) =>
    [...(desired.get(set)?.values() ?? [])]
      .filter(({ owner }) => owners.has(owner))
      .map(({ key, value }): ExpectedElement => ({ table: SETS[set].table, set, key, value })),
  );
  return { layout: layout.chain, chains: layout.chainSizes, elements };
}
