import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { type LxcContainer, lxcContainerOf } from '../api/lxc-container.ts';
import type { Manifest } from '../api/resource.ts';
import type { LxcNic } from './observed.ts';

const LARGEST = 1 << 20;
const LINE = /^\s*lxc\.net(?:\.(?<index>\d{1,4}))?(?:\.(?<key>[a-z][a-z0-9.]*))?\s*=(?<value>.*)$/;
/** As many as a Link may have. */
const MOST_ADDRESSES = 64;
const REPEATABLE = /^ipv[46]\.address$/;

/**
 * What LXC's configuration says of the interfaces of Links: one small file, read when a container is first seen to run.
 * It is not asked of LXC, which does not answer while a hook of its own runs. Files that it includes are not read.
 */
export class LxcNics {
  readonly #known = new Map<Key, { readonly namespace: string; readonly nics: readonly LxcNic[] }>();
  /** The same as long as it says the same, so that nothing is planned anew for it. */
  readonly #candidates = new Map<Key, readonly LxcNic[]>();

  /** Reads it, unless that was done for this namespace, which the text tells from all others. */
  async look({ key, resource: { spec } }: Manifest<Link>, namespace: string): Promise<void> {
    const container = lxcContainerOf(spec.container);
    if (!container || this.#known.get(key)?.namespace === namespace) return;
    this.#known.set(key, { namespace, nics: parseLxcNics(await readConfig(container)) });
  }

  /** For each Link what may be its own interface: the one of its name, or else all whose name no Link has. */
  ofLinks(links: readonly Manifest<Link>[]): ReadonlyMap<Key, readonly LxcNic[]> {
    const names = this.#interfacesOf(links);
    for (const { key, resource } of links) {
      const { nics = [] } = this.#known.get(key) ?? {};
      const named = nics.filter(({ name }) => name === resource.spec.interface);
      const container = nics.length > 0 ? containerOf(resource) : undefined;
      const isLeftOver = ({ name }: LxcNic): boolean => names.get(container)?.has(name) !== true;
      const found = named.length > 0 ? named : nics.filter(isLeftOver);
      const before = this.#candidates.get(key) ?? [];
      if (found.length === 0) this.#candidates.delete(key);
      else if (found.length !== before.length || found.some((nic, index) => nic !== before[index]))
        this.#candidates.set(key, found);
    }
    return new Map(this.#candidates);
  }

  /**
   * The interfaces that Links name, by their container, whatever is known of it yet: when it starts, some Links may have seen
   * that already, and others not.
   */
  #interfacesOf(links: readonly Manifest<Link>[]): ReadonlyMap<string | undefined, ReadonlySet<string>> {
    const names = new Map<string | undefined, Set<string>>();
    if ([...this.#known.values()].every(({ nics }) => nics.length === 0)) return names;
    for (const { resource } of links) {
      const container = containerOf(resource);
      if (container === undefined) continue;
      const ofContainer = names.get(container) ?? new Set();
      names.set(container, ofContainer.add(resource.spec.interface));
    }
    return names;
  }

  /** Forgets all others. */
  keep(keys: ReadonlySet<Key>): void {
    for (const known of [this.#known, this.#candidates])
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key);
  }
}

/** One word for each LXC container, however a Link writes its path. */
function containerOf({ spec }: Link): string | undefined {
  const container = lxcContainerOf(spec.container);
  return container && `${container.path}/${container.name}`;
}

/** Empty where it cannot be read. Whose container it is may have written it: it may be no file at all, or without end. */
async function readConfig({ path, name }: LxcContainer): Promise<string> {
  try {
    await using file = await open(join(path, name, 'config'), constants.O_RDONLY | constants.O_NONBLOCK);
    const info = await file.stat();
    return info.isFile() && info.size <= LARGEST ? await file.readFile('utf8') : '';
  } catch {
    return '';
  }
}

/** The veth interfaces of a configuration, as LXC reads it: an empty value takes back what stands before it. */
export function parseLxcNics(text: string): LxcNic[] {
  const nics = new Map<number, Map<string, string[]>>();
  for (const line of text.split('\n')) {
    const { index, key, value: given = '' } = LINE.exec(line)?.groups ?? {};
    if (index === undefined || key === undefined) {
      if (index !== undefined) nics.delete(Number(index));
      else if (/^\s*lxc\.net\s*=\s*$/.test(line)) nics.clear();
      continue;
    }
    const values = nics.get(Number(index)) ?? new Map<string, string[]>();
    nics.set(Number(index), values);
    const value = given.trim();
    const before = values.get(key);
    if (value === '') values.delete(key);
    else if (before && REPEATABLE.test(key)) before.push(value);
    else values.set(key, [value]);
  }
  return [...nics]
    .sort(([one], [other]) => one - other)
    .flatMap(([index, values], position) => {
      const last = (key: string): string | undefined => values.get(key)?.at(-1);
      if (last('type') !== 'veth') return [];
      const addresses = (['ipv4', 'ipv6'] as const).flatMap(
        (family) => values.get(`${family}.address`) ?? [],
      );
      const [ipv4, ipv6] = [last('ipv4.gateway'), last('ipv6.gateway')];
      return {
        index,
        name: last('name') ?? `eth${position}`,
        link: last('link'),
        macAddress: last('hwaddr'),
        mtu: last('mtu'),
        up: last('flags') === 'up',
        // A broadcast address may follow.
        addresses: addresses.slice(0, MOST_ADDRESSES).map((address) => address.split(/\s/, 1)[0]!),
        gateways: { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) },
      };
    });
}
