import { type Cidr, type Family, parseAddress, parseCidr } from '../api/address.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { PortForward } from '../api/port-forward.ts';
import type { Manifest } from '../api/resource.ts';
import type { ElementCollector } from './elements.ts';
import { PROTOCOL_NUMBER, linkAddresses, networkText } from './policy-sets.ts';
import { type Region, disjoint } from './regions.ts';
import type { SetName } from './sets.ts';

export interface ForwardInput {
  /** In the order in which they win: by namespace, then name. */
  readonly forwards: readonly Manifest<PortForward>[];
  readonly linkOf: (forward: PortForward) => Link | undefined;
  /** The addresses that an interface of the host has now, without prefix lengths. */
  readonly addressesOf: (interfaceName: string) => readonly string[];
}

/** Where one port of a forward leads, in one family. */
interface Target {
  readonly forward: Manifest<PortForward>;
  readonly family: Family;
  readonly protocol: string;
  readonly port: string;
  readonly address: string;
  readonly targetPort: string;
}

type Dnat = readonly [set: SetName, key: readonly string[], target: Target];

/**
 * Adds the elements of every forward, except of those that overlap with an earlier one.
 *
 * @returns the forwards left out, each with the one that is in its way.
 */
export function addForwardElements(input: ForwardInput, collector: ElementCollector): ReadonlyMap<Key, Key> {
  const losers = new Map<Key, Key>();
  const taken = new Map<string, Key>();
  const winners: { manifest: Manifest<PortForward>; targets: readonly Target[] }[] = [];
  for (const manifest of input.forwards) {
    const link = input.linkOf(manifest.resource);
    if (!link) continue;
    const targets = targetsOf(manifest, link);
    const entries = targets.flatMap((target) => listenedOn(target));
    const conflict = entries.map((entry) => taken.get(textOf(entry))).find((key) => key !== undefined);
    if (conflict) {
      losers.set(manifest.key, conflict);
      continue;
    }
    for (const entry of entries) taken.set(textOf(entry), manifest.key);
    for (const [set, key, { address, targetPort }] of entries)
      collector.add(manifest.key, set, key, [address, targetPort]);
    winners.push({ manifest, targets });
  }
  // Addresses that a manifest lists come before those that an interface happens to have.
  for (const find of [listedHairpins, interfaceHairpins, loopbackHairpins])
    addHairpins(winners, (target) => find(target, input), collector);
  addPermissions(
    winners.flatMap(({ targets }) => targets),
    collector,
  );
  return losers;
}

function textOf([set, key]: Dnat): string {
  return `${set} ${key.join(' ')}`;
}

function targetsOf(forward: Manifest<PortForward>, link: Link): Target[] {
  const firstOfFamily = new Map([...linkAddresses(link)].reverse());
  return forward.resource.spec.ports.flatMap(({ protocol, port, endPort, targetPort }) =>
    Array.from({ length: (endPort ?? port) - port + 1 }, (_, offset) => offset).flatMap((offset) =>
      [...firstOfFamily].map(([family, address]) => ({
        forward,
        family,
        protocol: String(PROTOCOL_NUMBER[protocol]),
        port: String(port + offset),
        address,
        targetPort: String((targetPort ?? port) + offset),
      })),
    ),
  );
}

/** Where clients from outside come in. */
function listenedOn(target: Target): Dnat[] {
  const { interfaces } = target.forward.resource.spec;
  const { family: f, protocol, port } = target;
  const addresses = listedAddresses(target);
  if (interfaces && addresses) {
    return interfaces.flatMap((name) =>
      addresses.map((address): Dnat => [
        `dnat_interface_address${f}`,
        [name, address, protocol, port],
        target,
      ]),
    );
  }
  if (interfaces)
    return interfaces.map((name): Dnat => [`dnat_interface${f}`, [name, protocol, port], target]);
  if (addresses)
    return addresses.map((address): Dnat => [`dnat_address${f}`, [address, protocol, port], target]);
  return [[`dnat_any${f}`, [protocol, port], target]];
}

function listedAddresses({ forward, family }: Target): readonly string[] | undefined {
  return forward.resource.spec.addresses?.filter((text) => parseAddress(text)!.family === family);
}

function listedHairpins(target: Target): Dnat[] {
  const { family: f, protocol, port } = target;
  return (listedAddresses(target) ?? []).map((address): Dnat => [
    `hairpin_address${f}`,
    [address, protocol, port],
    target,
  ]);
}

function interfaceHairpins(target: Target, input: ForwardInput): Dnat[] {
  const { family: f, protocol, port, forward } = target;
  if (listedAddresses(target)) return [];
  const { interfaces } = forward.resource.spec;
  if (!interfaces) return [[`hairpin_any${f}`, [protocol, port], target]];
  return interfaces
    .flatMap((name) => input.addressesOf(name))
    .filter((address) => parseAddress(address)?.family === f)
    .map((address): Dnat => [`hairpin_address${f}`, [address, protocol, port], target]);
}

/** The host's own programs may use 127.0.0.1; IPv6 has no way to route from its loopback address. */
function loopbackHairpins(target: Target): Dnat[] {
  if (target.family !== 4) return [];
  return [['hairpin_address4', ['127.0.0.1', target.protocol, target.port], target]];
}

function addHairpins(
  winners: readonly { readonly targets: readonly Target[] }[],
  find: (target: Target) => Dnat[],
  collector: ElementCollector,
): void {
  for (const target of winners.flatMap(({ targets }) => targets)) {
    if (!target.forward.resource.spec.hairpin) continue;
    for (const [set, key, { forward, address, targetPort }] of find(target)) {
      collector.add(forward.key, set, key, [address, targetPort]);
    }
  }
}

/** What the filter lets pass: exactly what is forwarded, from its sources. */
function addPermissions(targets: readonly Target[], collector: ElementCollector): void {
  const tuples = Map.groupBy(targets, ({ protocol, port, address, targetPort }) =>
    [protocol, port, address, targetPort].join(' '),
  );
  for (const [text, members] of tuples) {
    const { family, forward } = members[0]!;
    const sources = members.flatMap((member) => sourcesOf(member));
    const key = text.split(' ');
    if (sources.some(({ network }) => network.prefix === 0)) {
      collector.add(forward.key, `forwarded${family}`, key);
      continue;
    }
    for (const { network, owner } of disjoint(family, sources)) {
      collector.add(owner, `forwarded_from${family}`, [...key, networkText(network)]);
    }
  }
}

function sourcesOf({ forward, family }: Target): Region<Key>[] {
  const everywhere: Cidr = { family, value: 0n, prefix: 0 };
  const networks = forward.resource.spec.sources?.map((text) => parseCidr(text)!) ?? [everywhere];
  return networks
    .filter((network) => network.family === family)
    .map((network) => ({ network, ports: 'everything', owner: forward.key }));
}
