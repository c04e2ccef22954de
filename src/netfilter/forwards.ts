import { type Cidr, type Family, parseAddress, parseCidr } from '../api/address.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { PortForward } from '../api/port-forward.ts';
import type { Manifest } from '../api/resource.ts';
import type { ElementCollector } from './elements.ts';
import { Numbers } from './numbers.ts';
import { PROTOCOL_NUMBER, linkAddresses, networkText } from './policy-sets.ts';
import { type Region, disjoint } from './regions.ts';
import type { Listening } from './sets.ts';

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

/** One thing that a forward listens on, and where it leads from there. */
interface Entry {
  readonly listening: Listening;
  readonly key: readonly string[];
  readonly target: Target;
}

/**
 * Adds the elements of every forward, except of those that overlap with an earlier one.
 *
 * @returns the forwards left out, each with the one that is in its way.
 */
export function addForwardElements(input: ForwardInput, collector: ElementCollector): ReadonlyMap<Key, Key> {
  const losers = new Map<Key, Key>();
  const taken = new Map<string, Key>();
  const winners: { manifest: Manifest<PortForward>; targets: readonly Target[] }[] = [];
  const permissions = new Permissions(collector);
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
    for (const entry of entries) {
      taken.set(textOf(entry), manifest.key);
      permissions.add(entry);
    }
    winners.push({ manifest, targets });
  }
  const targets = winners.flatMap((winner) => winner.targets);
  // Addresses that a manifest lists come before those that an interface happens to have.
  for (const find of [listedHairpins, interfaceHairpins, loopbackHairpins]) {
    for (const target of targets.filter(({ forward }) => forward.resource.spec.hairpin))
      find(target, input).forEach((entry) => permissions.add(entry));
  }
  permissions.addReplies(targets);
  return losers;
}

function textOf({ listening, key, target }: Entry): string {
  return `${listening}${target.family} ${key.join(' ')}`;
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
function listenedOn(target: Target): Entry[] {
  const { interfaces } = target.forward.resource.spec;
  const { protocol, port } = target;
  const addresses = listedAddresses(target);
  if (interfaces && addresses) {
    return interfaces.flatMap((name) =>
      addresses.map((address): Entry => ({
        listening: 'interface_address',
        key: [name, address, protocol, port],
        target,
      })),
    );
  }
  if (interfaces) {
    return interfaces.map((name): Entry => ({
      listening: 'interface',
      key: [name, protocol, port],
      target,
    }));
  }
  if (addresses) return addresses.map((address) => addressEntry('address', address, target));
  return [{ listening: 'any', key: [protocol, port], target }];
}

function addressEntry(listening: 'address' | 'hairpin_address', address: string, target: Target): Entry {
  return { listening, key: [address, target.protocol, target.port], target };
}

function listedAddresses({ forward, family }: Target): readonly string[] | undefined {
  return forward.resource.spec.addresses?.filter((text) => parseAddress(text)!.family === family);
}

function listedHairpins(target: Target): Entry[] {
  return (listedAddresses(target) ?? []).map((address) => addressEntry('hairpin_address', address, target));
}

function interfaceHairpins(target: Target, input: ForwardInput): Entry[] {
  if (listedAddresses(target)) return [];
  const { interfaces } = target.forward.resource.spec;
  if (!interfaces) return [{ listening: 'hairpin_any', key: [target.protocol, target.port], target }];
  return interfaces
    .flatMap((name) => input.addressesOf(name))
    .filter((address) => parseAddress(address)?.family === target.family)
    .map((address) => addressEntry('hairpin_address', address, target));
}

/** The host's own programs may use 127.0.0.1; IPv6 has no way to route from its loopback address. */
function loopbackHairpins(target: Target): Entry[] {
  return target.family === 4 ? [addressEntry('hairpin_address', '127.0.0.1', target)] : [];
}

/** Turns entries into elements: the destination NAT, and what the filter lets pass, which is exactly what is forwarded. */
class Permissions {
  readonly #collector: ElementCollector;
  readonly #numbers = new Numbers();
  /** A port of a forward usually listens in several ways. */
  readonly #known = new Map<Target, string>();

  constructor(collector: ElementCollector) {
    this.#collector = collector;
  }

  add({ listening, key, target }: Entry): void {
    const { forward, family, address, targetPort } = target;
    const owner = forward.key;
    this.#collector.add(owner, `dnat_${listening}${family}`, key, [address, targetPort]);
    const number = this.#known.get(target) ?? this.#numberOf([target]);
    this.#known.set(target, number);
    this.#collector.add(owner, `permit_${listening}${family}`, key, [number]);
  }

  /** Of replies it is not known where their client came in: what all forwards of one port and target allow together counts. */
  addReplies(targets: readonly Target[]): void {
    const tuples = Map.groupBy(targets, ({ protocol, port, address, targetPort }) =>
      [protocol, port, address, targetPort].join(' '),
    );
    for (const [tuple, members] of tuples) {
      const { forward, family } = members[0]!;
      const number = this.#numberOf(members);
      this.#collector.add(forward.key, `permit_reply${family}`, tuple.split(' '), [number]);
    }
  }

  /** The number under which the filter finds a target and who may use it. */
  #numberOf(targets: readonly Target[]): string {
    const { family, address, targetPort, forward } = targets[0]!;
    const sources = targets.flatMap((target) => sourcesOf(target));
    const pieces = disjoint(family, sources);
    const networks = pieces.map(({ network }) => networkText(network));
    const number = this.#numbers.of([address, targetPort, ...networks].join('\n'));
    const key = [number, address, targetPort];
    if (pieces.some(({ network }) => network.prefix === 0)) {
      this.#collector.add(forward.key, `forwarded${family}`, key);
    } else {
      for (const { owner, network } of pieces)
        this.#collector.add(owner, `forwarded_from${family}`, [...key, networkText(network)]);
    }
    return number;
  }
}

function sourcesOf({ forward, family }: Target): Region<Key>[] {
  const everywhere: Cidr = { family, value: 0n, prefix: 0 };
  const networks = forward.resource.spec.sources?.map((text) => parseCidr(text)!) ?? [everywhere];
  return networks
    .filter((network) => network.family === family)
    .map((network) => ({ network, ports: 'everything', owner: forward.key }));
}
