import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import { ContainerViews } from './container-views.ts';
import { Containers } from './containers.ts';
import { HostLister } from './host-lister.ts';
import type { Netlink } from './netlink.ts';
import type { Nft, TableLayout } from './nft.ts';
import {
  type ContainerView,
  type NamespaceView,
  type NetfilterView,
  type Observed,
  interfaceMarkedFor,
  markedKey,
} from './observed.ts';
import { lookAround } from './look-around.ts';
import { sharedWith } from './shared.ts';
import type { Shells } from './shell.ts';
import { type Told, isKnown } from './told.ts';
import type { Surroundings } from './surroundings.ts';
import { readSysctl } from './sysctl.ts';
import type { Visitor } from './visitor.ts';

/** A part of the kernel's state that is looked at on its own: of the host's, an interface; of netfilter's, a set. */
export type Part = 'host' | 'routes' | `device ${string}` | 'netfilter' | `set ${string}` | Key;

/** Of more than these everything is listed at once. */
const MOST_DEVICES = 64;
const MOST_SETS = 8;
const LEAST_SLICE = 20;

/**
 * What was last seen in the kernel, and which parts of it may have changed since. A look lists only these: the price
 * of a change does not grow with what did not change.
 */
export class KernelView {
  /** Who is asked for the namespaces of containers. */
  readonly namespaces = new Containers();
  readonly #shells: Shells;
  readonly #nft: Nft;
  readonly #layout: TableLayout;
  readonly #missing: ReadonlySet<string>;
  readonly #host: HostLister;
  readonly #containers: ContainerViews;
  readonly #stale = new Set<Part>();
  /** What events have told of containers since the last look; `undefined` for what cannot be compared with what is seen. */
  readonly #told = new Map<Key, (Told | undefined)[]>();
  /** Containers that were looked into after the commands that changed their host end. */
  readonly #fresh = new Set<Key>();
  #hostView: NamespaceView | undefined;
  #netfilter: NetfilterView | undefined;
  #slice = 0;
  #surroundings: Surroundings = { foreign: [], listeners: [] };

  /** @param missing What the kernel cannot do. */
  constructor(
    shells: Shells,
    netlink: Netlink,
    nft: Nft,
    visitor: Visitor,
    layout: TableLayout,
    missing: ReadonlySet<string> = new Set(),
  ) {
    this.#containers = new ContainerViews(this.namespaces, visitor);
    this.#shells = shells;
    this.#host = new HostLister(netlink);
    this.#nft = nft;
    this.#layout = layout;
    this.#missing = missing;
  }

  /** Says that a part may have changed. */
  invalidate(...parts: readonly Part[]): void {
    for (const part of parts) this.#stale.add(part);
  }

  /** Says that anything may have changed. */
  invalidateAll(): void {
    this.invalidateInterfaces();
    this.invalidate('netfilter');
  }

  /** Says that anything may have changed on the host and in containers, but for netfilter. */
  invalidateInterfaces(): void {
    this.invalidate('host', ...this.#containers.all.keys());
  }

  /**
   * Says that what the monitors should have told may have changed all the same: the host, and of the containers the next
   * few, so that each has its turn within thirty calls, and none costs much.
   */
  invalidateSlice(): void {
    const keys = [...this.#containers.all.keys()];
    const count = Math.max(LEAST_SLICE, Math.ceil(keys.length / 30));
    const rotated = [...keys.slice(this.#slice), ...keys.slice(0, this.#slice)];
    this.invalidate('host', ...rotated.slice(0, count));
    this.#slice = keys.length === 0 ? 0 : (this.#slice + count) % keys.length;
  }

  /** Takes note of what a transaction of ours did, instead of listing it again. */
  replaceNetfilter(view: NetfilterView): void {
    this.#netfilter = view;
  }

  /**
   * Takes note of what a container looked like after our commands, instead of looking again. Of what events have told
   * meanwhile most is our own doing; what is not seen there may have come after it.
   */
  replaceContainer(key: Key, container: ContainerView): void {
    this.#containers.set([[key, container]]);
    const isSeen = (told: Told | undefined): boolean =>
      told !== undefined && container.state === 'running' && isKnown(told, container.view);
    if (this.#told.get(key)?.every(isSeen) ?? true) this.#stale.delete(key);
    this.#fresh.add(key);
  }

  /**
   * Lists what may have changed.
   *
   * @param sysctlsFor Which sysctls are of interest, given what the host has.
   * @throws {Error} Where a listing fails.
   */
  async look(
    links: readonly Manifest<Link>[],
    sysctlsFor: (host: NamespaceView) => readonly string[],
  ): Promise<Omit<Observed, 'resolvers'>> {
    const stale = new Set(this.#stale);
    this.#stale.clear();
    this.#told.clear();
    try {
      const [host, netfilter] = await Promise.all([this.#lookAtHost(stale), this.#lookAtNetfilter(stale)]);
      for (const key of this.#replacedEnds(host)) if (!this.#fresh.has(key)) stale.add(key);
      this.#fresh.clear();
      await this.#containers.look(links, stale);
      this.#hostView = host;
      this.#netfilter = netfilter;
      const paths = sysctlsFor(host);
      const values = paths.map((path) => [path, readSysctl(path)] as const);
      return {
        host,
        netfilter,
        containers: this.#containers.all,
        lxcNics: this.#containers.nicsOf(links),
        surroundings: this.#surroundings,
        missing: this.#missing,
        sysctls: new Map(values.filter((entry): entry is [string, string] => entry[1] !== undefined)),
      };
    } catch (error) {
      for (const part of stale) this.#stale.add(part);
      throw error;
    }
  }

  /**
   * The links whose container's namespace the kernel knows by this id, and of which what an event says was not seen there
   * already: our own commands, too, cause events, and the look that they end with is mostly later than these.
   */
  containersToldOf({ id, told }: { readonly id: number; readonly told?: Told }): Key[] {
    const devices = [...(this.#hostView?.interfaces.values() ?? [])].filter(
      (device) => device.peerNamespaceId === id,
    );
    const keys = devices
      .flatMap((device) => markedKey(device) ?? [])
      .filter((key): key is Key => {
        const container = this.#containers.all.get(key as Key);
        return (
          container !== undefined && !(told && container.state === 'running' && isKnown(told, container.view))
        );
      });
    for (const key of keys) this.#told.set(key, told ? [...(this.#told.get(key) ?? []), told] : [told]);
    return keys;
  }

  /**
   * Whether something of which the kernel sends no event is another than when it was last looked at: sysctls, neighbour
   * proxies, and containers that no interface of ours leads to. @throws {Error} Where these cannot be listed.
   */
  async changedSilently({ sysctls, host, containers }: Observed): Promise<boolean> {
    if ([...sysctls].some(([path, value]) => readSysctl(path) !== value)) return true;
    const apart = [...containers.keys()].filter((key) => !interfaceMarkedFor(host, key));
    const changed = await this.#containers.changedOf(apart);
    this.invalidate(...changed);
    if (changed.length > 0) return true;
    if (host.proxies.size === 0) return false;
    const proxies = await this.#host.listProxies(host);
    if (proxies.size === host.proxies.size && [...proxies].every((one) => host.proxies.has(one)))
      return false;
    this.invalidate('host');
    return true;
  }

  /** Looks at what others do on this host. @returns whether it differs from before. @throws {Error} From the programs. */
  async lookAround(): Promise<boolean> {
    const surroundings = await lookAround(this.#shells);
    if (JSON.stringify(surroundings) === JSON.stringify(this.#surroundings)) return false;
    this.#surroundings = surroundings;
    return true;
  }

  async #lookAtHost(stale: ReadonlySet<Part>): Promise<NamespaceView> {
    const before = this.#hostView;
    const names = namesOf(stale, 'device');
    if (!before || stale.has('host') || names.length > MOST_DEVICES)
      return sharedWith(before, await this.#host.list());
    // Routes and neighbour proxies come and go with their interface, and mostly without a word.
    const withRest = stale.has('routes') || !names.every((name) => isMerePort(before, name));
    if (names.length === 0 && !withRest) return before;
    const now = await this.#host.update(before, names, withRest);
    // The ports of a bridge that has gone are ports no more, whether or not that was told already.
    const lostBridge = names.some(
      (name) => before.interfaces.get(name)?.kind === 'bridge' && !now.interfaces.has(name),
    );
    return sharedWith(before, lostBridge ? await this.#host.list() : now);
  }

  async #lookAtNetfilter(stale: ReadonlySet<Part>): Promise<NetfilterView> {
    const before = this.#netfilter;
    const names = namesOf(stale, 'set');
    if (!before || stale.has('netfilter')) return this.#listNetfilter();
    if (names.length === 0) return before;
    const { named } = this.#layout;
    if (before.skeleton !== 'present' || names.length > MOST_SETS || !names.every((name) => named.has(name)))
      return this.#listNetfilter();
    const sets = [...named.values()].filter(({ name }) => names.includes(name));
    try {
      const listed = await this.#nft.listSets(sets);
      return { ...before, elements: new Map([...before.elements, ...listed]) };
    } catch {
      return this.#listNetfilter();
    }
  }

  /** Tables that cannot be listed are as good as wrong ones: they are made anew, or that fails and says why. */
  async #listNetfilter(): Promise<NetfilterView> {
    try {
      return await this.#nft.list(this.#layout);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { skeleton: 'different', elements: new Map(), problem };
    }
  }

  /** Links whose host end came, went or was replaced: their container has to be looked at again, if it still is. */
  #replacedEnds(host: NamespaceView): Key[] {
    const before = this.#hostView;
    if (!before || before === host) return [];
    const names = new Set([...before.interfaces.keys(), ...host.interfaces.keys()]);
    return [...names].flatMap((name) => {
      const [one, other] = [before.interfaces.get(name), host.interfaces.get(name)];
      if (one === other || one?.index === other?.index) return [];
      const keys = [one, other].flatMap((device) => (device ? (markedKey(device) ?? []) : []));
      return keys.filter((key): key is Key => this.#containers.all.has(key as Key));
    });
  }
}

function namesOf(stale: ReadonlySet<Part>, kind: 'device' | 'set'): string[] {
  const prefix = `${kind} `;
  return [...stale].filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length));
}

/** Whether nothing hangs on it but that it is a port of a bridge. */
function isMerePort({ interfaces, routes }: NamespaceView, name: string): boolean {
  const device = interfaces.get(name);
  return (
    device?.master !== undefined &&
    device.addresses.length === 0 &&
    !device.linkLocal &&
    !routes.some((route) => route.interface === name)
  );
}
