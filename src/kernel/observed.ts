import type { Key } from '../api/key.ts';
import type { Surroundings } from './surroundings.ts';

/** An interface as the kernel lists it. */
export interface ObservedInterface {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth`, …; empty for hardware. */
  readonly kind: string;
  readonly alias: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly loopback: boolean;
  /** The name of the bridge or bond that it is a port of. */
  readonly master?: string;
  /** Whether it is an isolated bridge port. */
  readonly isolated: boolean;
  /** Of a veth: the index of the other end, in the namespace that `peerNamespaceId` names. */
  readonly peerIndex?: number;
  /** The kernel's id (nsid) of the namespace of the other end; absent where that is this namespace. */
  readonly peerNamespaceId?: number;
  /** Whether it has a link-local IPv6 address, without which neighbour discovery does not work. */
  readonly linkLocal: boolean;
  /** Global addresses with their prefix length, canonical. */
  readonly addresses: readonly string[];
}

/** A route; fields that do not apply are absent. */
export interface ObservedRoute {
  readonly family: 4 | 6;
  /** Canonical network; `default` is written out as 0.0.0.0/0 or ::/0. */
  readonly to: string;
  readonly type: string;
  readonly table: number;
  readonly metric: number;
  /** Its name, where the kernel's headers have one, or its number. */
  readonly protocol: string;
  readonly via?: string;
  readonly interface?: string;
  readonly source?: string;
  readonly mtu?: number;
  readonly nextHops?: readonly ObservedNextHop[];
}

export interface ObservedNextHop {
  readonly via?: string | undefined;
  readonly interface?: string | undefined;
  readonly weight: number;
}

/** One network namespace. */
export interface NamespaceView {
  readonly interfaces: ReadonlyMap<string, ObservedInterface>;
  readonly routes: readonly ObservedRoute[];
  /** Addresses that a device answers neighbour solicitations for, as `DEVICE ADDRESS`. */
  readonly proxies: ReadonlySet<string>;
}

/** The network namespace of a Link's container, or why there is none. */
export type ContainerView =
  | {
      readonly state: 'running';
      readonly path: string;
      readonly identity: string;
      /** The kernel's number for the namespace: another that has its identity later has another cookie. */
      readonly cookie: string;
      readonly view: NamespaceView;
    }
  | { readonly state: 'absent'; readonly reason: string }
  | { readonly state: 'unusable'; readonly reason: string };

/** A veth interface as LXC's configuration of a container says; nothing of it is checked. */
export interface LxcNic {
  /** The number in its keys, `lxc.net.N`. */
  readonly index: number;
  readonly name: string;
  /** The bridge that LXC puts the host's end into; what a file says, so only to be compared. */
  readonly link: string | undefined;
  /** An `x` stands for a digit that is made up. */
  readonly macAddress: string | undefined;
  readonly mtu: string | undefined;
  readonly up: boolean;
  /** With the prefix length, where there is one. */
  readonly addresses: readonly string[];
  /** By family: an address, `auto` (that of `link`), or `dev`. */
  readonly gateways: { readonly ipv4?: string; readonly ipv6?: string };
}

/** The elements of lxcnet's own tables: set name → key text → value text (empty for plain sets). */
export type ElementTexts = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A set of lxcnet's; its name is one of this program's own, not one that was read. */
export interface NamedSet {
  readonly family: 'inet' | 'bridge';
  readonly kind: 'set' | 'map';
  readonly name: string;
  /** The types of what its keys and values consist of, in nft's words; absent where a key may be a range, or has a limit. */
  readonly atoms?: { readonly key: readonly string[]; readonly value: readonly string[] };
}

/** What the kernel holds of lxcnet's tables. */
export interface NetfilterView {
  /** Whether the tables' chains and sets are exactly those of this version. */
  readonly skeleton: 'present' | 'absent' | 'different';
  readonly elements: ElementTexts;
  /** Why they could not be listed. */
  readonly problem?: string;
}

/** What there is of one dnsmasq. */
export interface ResolverView {
  /** The process: the digest of its configuration, and the number of the interface that it was started on. */
  readonly running?: { readonly config: string; readonly interfaceIndex: number };
  /** The digest of what it has read again last; absent where that is not known. */
  readonly data?: string;
  /** Why the last start has failed with this configuration; absent where it is time for another. */
  readonly problem?: { readonly config: string; readonly message: string };
}

export interface ResolversView {
  /** Whether there is a program `dnsmasq`. */
  readonly installed: boolean;
  /** By BRIDGE/SERVICE. */
  readonly found: ReadonlyMap<string, ResolverView>;
}

/** Everything that controllers decide on. */
export interface Observed {
  readonly host: NamespaceView;
  readonly containers: ReadonlyMap<Key, ContainerView>;
  /** Of Links whose interface LXC makes. */
  readonly lxcNics: ReadonlyMap<Key, readonly LxcNic[]>;
  /** Values of the sysctls that were asked for; absent where the kernel has no such file. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly netfilter: NetfilterView;
  readonly surroundings: Surroundings;
  readonly resolvers: ResolversView;
  /** Features that this kernel lacks. */
  readonly missing: ReadonlySet<string>;
}

/** Whether an interface carries lxcnet's mark for this resource. */
export function isMarkedFor(device: ObservedInterface, key: Key): boolean {
  return device.alias === markOf(key);
}

/** The alias that marks an interface as this resource's. */
export function markOf(key: Key): string {
  return `lxcnet:${key}`;
}

/** The key in an interface's mark; `undefined` where it has none. */
export function markedKey(device: ObservedInterface): string | undefined {
  return device.alias.startsWith('lxcnet:') ? device.alias.slice('lxcnet:'.length) : undefined;
}

interface Index {
  readonly byNumber: ReadonlyMap<number, ObservedInterface>;
  readonly byAlias: ReadonlyMap<string, ObservedInterface>;
}
const indexes = new WeakMap<NamespaceView, Index>();

/** Made once per view: with a thousand links, a search per link would be a million steps. */
function indexOf(view: NamespaceView): Index {
  let index = indexes.get(view);
  if (!index) {
    const interfaces = [...view.interfaces.values()];
    index = {
      byNumber: new Map(interfaces.map((device) => [device.index, device])),
      byAlias: new Map(interfaces.map((device) => [device.alias, device])),
    };
    indexes.set(view, index);
  }
  return index;
}

/** What may be the interface of this name in a container: under another name it is any. */
export function candidatesFor({ interfaces }: NamespaceView, name: string): readonly ObservedInterface[] {
  const named = interfaces.get(name);
  return named ? [named] : [...interfaces.values()];
}

/** The interface with the kernel's number. */
export function interfaceByIndex(
  view: NamespaceView,
  number: number | undefined,
): ObservedInterface | undefined {
  return number === undefined ? undefined : indexOf(view).byNumber.get(number);
}

/** The interface that carries lxcnet's mark for this resource. */
export function interfaceMarkedFor(view: NamespaceView, key: Key): ObservedInterface | undefined {
  return indexOf(view).byAlias.get(markOf(key));
}
