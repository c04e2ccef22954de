import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { Containers } from './containers.ts';
import { LxcNics } from './lxc-config.ts';
import type { ContainerView, LxcNic } from './observed.ts';
import { sharedContainer, sharedWith } from './shared.ts';
import type { Visit, Visitor } from './visitor.ts';

const MOST_AT_A_TIME = 50;

/** What was last seen in the containers of Links. */
export class ContainerViews {
  readonly #namespaces: Containers;
  readonly #visitor: Visitor;
  readonly #nics = new LxcNics();
  #all: ReadonlyMap<Key, ContainerView> = new Map();
  /** Whose containers were looked into last. */
  #links: readonly Manifest<Link>[] = [];
  #next = 0;

  constructor(namespaces: Containers, visitor: Visitor) {
    this.#namespaces = namespaces;
    this.#visitor = visitor;
  }

  /** What is not as before makes a new map: whoever holds the one of before keeps it as it was. */
  get all(): ReadonlyMap<Key, ContainerView> {
    return this.#all;
  }

  /** Takes note of what was seen. */
  set(found: readonly (readonly [Key, ContainerView])[]): void {
    const shared = found.map(([key, view]) => [key, sharedContainer(this.#all.get(key), view)] as const);
    const changed = shared.filter(([key, view]) => this.#all.get(key) !== view);
    if (changed.length > 0) this.#all = new Map([...this.#all, ...changed]);
  }

  /** What LXC's configuration says of the interfaces of these. */
  nicsOf(links: readonly Manifest<Link>[]): ReadonlyMap<Key, readonly LxcNic[]> {
    return this.#nics.ofLinks(links);
  }

  /** Looks into the containers of links that may have changed, or were not looked into yet, and forgets all others. */
  async look(links: readonly Manifest<Link>[], stale: { has(key: Key): boolean }): Promise<void> {
    const edited = links === this.#links ? new Set<Key>() : this.#adopt(links);
    const pending = links.filter(({ key }) => stale.has(key) || edited.has(key) || !this.#all.has(key));
    const found = await this.#namespaces.find(pending.map(({ resource }) => resource.spec.container));
    const running: (Visit & { readonly link: Manifest<Link> })[] = [];
    const views: [Key, ContainerView][] = [];
    for (const [index, container] of found.entries()) {
      const link = pending[index]!;
      if (container.state !== 'running') views.push([link.key, container]);
      else running.push({ link, path: container.path, identity: container.identity, commands: [] });
    }
    const results = await this.#visitor.visit(running);
    const configs: Promise<void>[] = [];
    for (const [index, { seen }] of results.entries()) {
      const { link, path, identity } = running[index]!;
      if ('view' in seen) {
        configs.push(this.#nics.look(link, `${identity} ${seen.cookie}`));
        views.push([link.key, { state: 'running', path, identity, ...seen }]);
      } else {
        const reason = `cannot look into its network namespace: ${seen.problem}`;
        views.push([link.key, { state: 'absent', reason }]);
      }
    }
    await Promise.all(configs);
    this.#links = links;
    this.set(views);
  }

  /** Those of these links' containers, of a few of them each time in turn, that are not as they were last seen. */
  async changedOf(keys: readonly Key[]): Promise<Key[]> {
    const visits = keys.flatMap((key) => {
      const seen = this.#all.get(key);
      return seen?.state === 'running' ? [{ key, seen, visit: { ...seen, commands: [] } }] : [];
    });
    const from = this.#next < visits.length ? this.#next : 0;
    const some = visits.slice(from, from + MOST_AT_A_TIME);
    this.#next = from + MOST_AT_A_TIME;
    const results = await this.#visitor.visit(some.map(({ visit }) => visit));
    return some
      .filter(({ seen: before }, index) => {
        const { seen: now } = results[index]!;
        return !('view' in now) || sharedWith(before.view, now.view) !== before.view;
      })
      .map(({ key }) => key);
  }

  /** Forgets what no link is about any more. @returns those that name another container than before. */
  #adopt(links: readonly Manifest<Link>[]): ReadonlySet<Key> {
    const keys = new Set(links.map(({ key }) => key));
    if ([...this.#all.keys()].some((key) => !keys.has(key)))
      this.#all = new Map([...this.#all].filter(([key]) => keys.has(key)));
    this.#nics.keep(keys);
    this.#namespaces.keep(links.map(({ resource }) => resource.spec.container));
    const before = new Map(this.#links.map(({ key, resource }) => [key, resource]));
    const isEdited = ({ key, resource }: Manifest<Link>): boolean => {
      const old = before.get(key);
      return (
        old !== resource && JSON.stringify(old?.spec.container) !== JSON.stringify(resource.spec.container)
      );
    };
    return new Set(links.filter(isEdited).map(({ key }) => key));
  }
}
