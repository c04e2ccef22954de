import { parseAddress } from '../api/address.ts';
import { ipAddress } from '../api/scalars.ts';
import { type Candidate, Names } from './candidate.ts';
import type { Container, Nic, Said } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { BridgeDraft, LinkDraft } from './topology.ts';
import { familyOf } from './values.ts';

/** Makes a Link of each veth interface of a container. */
export function makeLinks(
  containers: readonly Container[],
  bridges: readonly BridgeDraft[],
  ledger: Ledger,
): readonly LinkDraft[] {
  const names = new Names();
  const byInterface = new Map(bridges.map((bridge) => [bridge.interface, bridge]));
  return containers.flatMap(({ name, nics }) =>
    nics.flatMap((nic, index) => {
      const bridge = byInterface.get(nic.bridge.value);
      if (!bridge) return [];
      const given = names.take(index === 0 ? name : `${name}-${nic.interface}`);
      return [makeLink(given, name, nic, bridge, ledger)];
    }),
  );
}

function makeLink(name: string, container: string, nic: Nic, bridge: BridgeDraft, ledger: Ledger): LinkDraft {
  const spec: Record<string, unknown> = { bridge: bridge.candidate.name, container: { lxc: container } };
  const fields = new Map<string, Said['source']>();
  const candidate: Candidate = {
    kind: 'Link',
    name,
    labels: { app: name },
    spec,
    sources: [nic.bridge.source, ...nic.sources],
    fields,
  };
  if (nic.interface !== 'eth0') spec.interface = nic.interface;
  for (const field of ['hostInterface', 'macAddress', 'mtu'] as const) {
    const said = nic[field];
    if (!said) continue;
    spec[field] = said.value;
    fields.set(`spec.${field}`, said.source);
    candidate.sources.push(said.source);
  }
  const addresses: string[] = [];
  for (const { value, source } of nic.addresses) {
    candidate.sources.push(source);
    if (addresses.includes(value)) continue;
    fields.set(`spec.addresses[${addresses.length}]`, source);
    addresses.push(value);
  }
  if (addresses.length > 0) spec.addresses = addresses;
  const gateways = gatewaysOf(nic, bridge, candidate, ledger);
  if (gateways) spec.gateway = gateways;
  return { candidate, bridge, addresses };
}

/** Where `Auto`, the bridge's first address of each family, would not do the same. */
function gatewaysOf(
  { gateways, addresses }: Nic,
  bridge: BridgeDraft,
  candidate: Candidate,
  ledger: Ledger,
): readonly string[] | undefined {
  const first = (family: 4 | 6): string | undefined =>
    bridge.addresses.find((text) => familyOf(text) === family)?.split('/')[0];
  const listed: string[] = [];
  let other = false;
  for (const { value, source } of gateways) {
    candidate.sources.push(source);
    if (value === 'auto') continue;
    const parsed = ipAddress.safeParse(value);
    if (!parsed.success) {
      ledger.comment(source, 'a gateway is an address, or the address of the bridge');
      continue;
    }
    listed.push(parsed.data);
    if (first(parseAddress(parsed.data)!.family) !== parsed.data) other = true;
  }
  if (!other) return undefined;
  // The families that have no gateway of their own keep that of the bridge.
  const families = new Set(addresses.map(({ value }) => familyOf(value)));
  for (const family of [4, 6] as const) {
    const own = first(family);
    if (own !== undefined && families.has(family) && !listed.some((text) => familyOf(text) === family))
      listed.push(own);
  }
  return listed;
}
