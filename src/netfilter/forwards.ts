import { type Cidr, type Family, parseAddress, parseCidr } from '../api/address.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { PortForward } from '../api/port-forward.ts';
import type { Manifest } from '../api/resource.ts';
import { type Element, type ElementCollector, type ElementSink, elementsOf } from './elements.ts';
import { Memo } from './memo.ts';
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

/** One forward, worked out: the same as long as it, its link and the host's addresses are. */
interface Worked {
  readonly manifest: Manifest<PortForward>;
  readonly targets: readonly Target[];
  /** What no other forward may listen on. */
  readonly claims: readonly string[];
  readonly outside: readonly Element[];
  /** By how specific they are. */
  readonly hairpins: readonly (readonly Element[])[];
}

/**
 * Adds the elements of every forward, except of those that overlap with an earlier one.
 *
 * @param memo What was made of the same forwards before.
 * @returns the forwards left out, each with the one that is in its way.
 */
export function addForwardElements(
  input: ForwardInput,
  collector: ElementCollector,
  memo: ForwardMemo = new ForwardMemo(),
): ReadonlyMap<Key, Key> {
  const losers = new Map<Key, Key>();
  const taken = new Map<string, Key>();
  const winners: Worked[] = [];
  const permissions = new Permissions(memo);
  for (const manifest of input.forwards) {
    const link = input.linkOf(manifest.resource);
    if (!link) continue;
    const worked = workOut(manifest, link, input, permissions, memo);
    const conflict = worked.claims.map((claim) => taken.get(claim)).find((key) => key !== undefined);
    if (conflict) {
      losers.set(manifest.key, conflict);
      continue;
    }
    for (const claim of worked.claims) taken.set(claim, manifest.key);
    collector.addAll(worked.outside);
    winners.push(worked);
  }
  // Addresses that a manifest lists come before those that an interface happens to have.
  for (const rank of HAIRPINS.keys())
    for (const { hairpins } of winners) collector.addAll(hairpins[rank] ?? []);
  collector.addAll(permissions.replies(winners.flatMap(({ targets }) => targets)));
  return losers;
}

function workOut(
  manifest: Manifest<PortForward>,
  link: Link,
  input: ForwardInput,
  permissions: Permissions,
  memo: ForwardMemo,
): Worked {
  const { key, resource } = manifest;
  const targets = memo.targets.get(key, [resource, link], () => targetsOf(manifest, link));
  const numbers = targets.map((target) => permissions.numberOf(target));
  const addresses = (resource.spec.interfaces ?? []).flatMap((name) => input.addressesOf(name)).join();
  return memo.worked.get(key, [targets, addresses, ...numbers], () => {
    const entries = targets.flatMap((target) => listenedOn(target));
    const hairpins = resource.spec.hairpin
      ? HAIRPINS.map((find) => targets.flatMap((target) => find(target, input)))
      : [];
    const numberOf = new Map(targets.map((target, index) => [target, numbers[index]!]));
    const elements = (list: readonly Entry[]): readonly Element[] =>
      elementsOf((sink) => addEntries(list, numberOf, sink));
    return {
      manifest,
      targets,
      claims: entries.map(textOf),
      outside: elements(entries),
      hairpins: hairpins.map(elements),
    };
  });
}

/** What was made of forwards before. */
export class ForwardMemo {
  readonly digests = new Memo<string>();
  readonly targets = new Memo<readonly Target[]>();
  readonly worked = new Memo<Worked>();
  readonly replies = new Memo<readonly Element[]>();

  /** Forgets what was not asked for since the last sweep. */
  sweep(): void {
    for (const memo of [this.digests, this.targets, this.worked, this.replies]) memo.sweep();
  }
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

const HAIRPINS = [listedHairpins, interfaceHairpins, loopbackHairpins] as const;

/** Numbers under which the filter finds a target and who may use it. */
class Permissions {
  readonly #memo: ForwardMemo;
  readonly #numbers: Numbers;

  constructor(memo: ForwardMemo) {
    this.#memo = memo;
    this.#numbers = new Numbers(memo.digests);
  }

  /** The number of one target, for whom all these forwards allow. */
  numberOf(...targets: readonly Target[]): string {
    const { address, targetPort } = targets[0]!;
    const networks = piecesOf(targets).map(({ network }) => networkText(network));
    return this.#numbers.of([address, targetPort, ...networks].join('\n'));
  }

  /** Of replies it is not known where their client came in: what all forwards of one port and target allow together counts. */
  replies(targets: readonly Target[]): readonly Element[] {
    const tuples = Map.groupBy(targets, ({ protocol, port, address, targetPort }) =>
      [protocol, port, address, targetPort].join(' '),
    );
    return [...tuples].flatMap(([tuple, members]) => {
      const number = this.numberOf(...members);
      return this.#memo.replies.get(tuple, [number, ...members], () =>
        elementsOf((sink) => {
          const { forward, family } = members[0]!;
          sink.add(forward.key, `permit_reply${family}`, tuple.split(' '), [number]);
          permit(number, members, sink);
        }),
      );
    });
  }
}

/** The destination NAT, and what the filter lets pass, which is exactly what is forwarded. */
function addEntries(
  entries: readonly Entry[],
  numberOf: ReadonlyMap<Target, string>,
  sink: ElementSink,
): void {
  for (const { listening, key, target } of entries) {
    const { forward, family, address, targetPort } = target;
    sink.add(forward.key, `dnat_${listening}${family}`, key, [address, targetPort]);
    sink.add(forward.key, `permit_${listening}${family}`, key, [numberOf.get(target)!]);
  }
  for (const target of new Set(entries.map((entry) => entry.target)))
    permit(numberOf.get(target)!, [target], sink);
}

/** Who may use a target, by its number. */
function permit(number: string, targets: readonly Target[], sink: ElementSink): void {
  const { family, address, targetPort, forward } = targets[0]!;
  const key = [number, address, targetPort];
  const pieces = piecesOf(targets);
  if (pieces.some(({ network }) => network.prefix === 0)) {
    sink.add(forward.key, `forwarded${family}`, key);
    return;
  }
  for (const { owner, network } of pieces)
    sink.add(owner, `forwarded_from${family}`, [...key, networkText(network)]);
}

function piecesOf(targets: readonly Target[]): Region<Key>[] {
  return disjoint(
    targets[0]!.family,
    targets.flatMap((target) => sourcesOf(target)),
  );
}

function sourcesOf({ forward, family }: Target): Region<Key>[] {
  const everywhere: Cidr = { family, value: 0n, prefix: 0 };
  const networks = forward.resource.spec.sources?.map((text) => parseCidr(text)!) ?? [everywhere];
  return networks
    .filter((network) => network.family === family)
    .map((network) => ({ network, ports: 'everything', owner: forward.key }));
}
