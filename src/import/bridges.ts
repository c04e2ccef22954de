import { interfaceAddress, interfaceName, macAddress, mtu } from '../api/scalars.ts';
import { type Candidate, Names } from './candidate.ts';
import type { Container, InterfaceSetting } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { BridgeDraft } from './topology.ts';

/** Makes a Bridge of each interface that a script makes one of, or that a container is attached to. */
export function makeBridges(
  settings: readonly InterfaceSetting[],
  containers: readonly Container[],
  ledger: Ledger,
): readonly BridgeDraft[] {
  const nics = containers.flatMap((container) => container.nics);
  const made = settings
    .filter(({ field }) => field === 'made' || field === 'port')
    .map((one) => one.interface);
  const attached = nics.map(({ bridge }) => bridge.value);
  const bridges = new Map<string, InterfaceSetting[]>([...made, ...attached].map((name) => [name, []]));
  for (const setting of settings) {
    const own = bridges.get(setting.interface);
    if (own) own.push(setting);
    else
      ledger.comment(
        setting.source,
        `not needed for containers: ${setting.interface.slice(0, 20)} is no bridge of theirs, and stays as the host sets it up`,
      );
  }
  const hostInterfaces = new Set(nics.map(({ hostInterface }) => hostInterface?.value));
  const names = new Names();
  const drafts = [...bridges].flatMap(
    ([name, own]) => makeBridge(name, own, names, hostInterfaces, ledger) ?? [],
  );
  const known = new Set(settings.map((setting) => setting.interface));
  for (const { bridge } of nics) {
    if (known.has(bridge.value)) continue;
    known.add(bridge.value);
    ledger.comment(
      bridge.source,
      'no file given here says which addresses this bridge has: add them to its Bridge',
    );
  }
  return drafts;
}

function makeBridge(
  name: string,
  settings: readonly InterfaceSetting[],
  names: Names,
  hostInterfaces: ReadonlySet<string | undefined>,
  ledger: Ledger,
): BridgeDraft | undefined {
  const valid = interfaceName.safeParse(name);
  if (!valid.success) {
    for (const { source } of settings)
      ledger.comment(source, `the name of the bridge ${valid.error.issues[0]!.message}`);
    return undefined;
  }
  const given = names.take(name);
  const fields = new Map<string, InterfaceSetting['source']>();
  const spec: Record<string, unknown> = given === name ? {} : { interface: name };
  const addresses: string[] = [];
  const ports: string[] = [];
  const candidate: Candidate = { kind: 'Bridge', name: given, spec, sources: [], fields };
  for (const { field, value, source } of settings) {
    const refuse = (message: string | undefined): void =>
      ledger.comment(source, `the value ${message ?? 'is not valid'}`);
    candidate.sources.push(source);
    switch (field) {
      case 'address': {
        const parsed = interfaceAddress.safeParse(value);
        if (!parsed.success) refuse(parsed.error.issues[0]?.message);
        else if (!addresses.includes(parsed.data)) {
          fields.set(`spec.addresses[${addresses.length}]`, source);
          addresses.push(parsed.data);
        }
        break;
      }
      case 'mtu': {
        const parsed = mtu.safeParse(/^\d{1,6}$/.test(value) ? Number(value) : value);
        if (parsed.success) set(candidate, 'mtu', parsed.data, source, ledger);
        else refuse('must be a number between 68 and 65535');
        break;
      }
      case 'macAddress': {
        const parsed = macAddress.safeParse(value);
        if (parsed.success) set(candidate, 'macAddress', parsed.data, source, ledger);
        else refuse(parsed.error.issues[0]?.message);
        break;
      }
      case 'port': {
        const parsed = interfaceName.safeParse(value);
        if (!parsed.success) refuse(parsed.error.issues[0]?.message);
        // The host's end of a container's veth pair is attached by its Link.
        else if (!hostInterfaces.has(value) && !ports.includes(value)) {
          fields.set(`spec.ports[${ports.length}]`, source);
          ports.push(value);
        }
        break;
      }
      default:
    }
  }
  if (addresses.length > 0) spec.addresses = addresses;
  if (ports.length > 0) spec.ports = ports;
  return { candidate, interface: name, addresses };
}

/** Sets a field that has one value; the last line that says it counts. */
function set(
  { spec, fields }: Candidate,
  field: 'mtu' | 'macAddress',
  value: string | number,
  source: InterfaceSetting['source'],
  ledger: Ledger,
): void {
  const before = fields?.get(`spec.${field}`);
  if (before) ledger.comment(before, `replaced in line ${source.line} of ${source.file}`);
  spec[field] = value;
  fields?.set(`spec.${field}`, source);
}
