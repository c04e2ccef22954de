import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { Containers } from './containers.ts';
import { emptyNamespace } from './empty-namespace.ts';
import { LxcNics } from './lxc-config.ts';
import type { ContainerView, LxcNic } from './observed.ts';
import { sharedContainer } from './shared.ts';
import type { Visit, Visitor } from './visitor.ts';

/** What was last seen in the containers of Links. */
export class ContainerViews {
  readonly #namespaces: Containers;
  readonly #visitor: Visitor;
  readonly #nics = new LxcNics();
  #all: ReadonlyMap<Key, ContainerView> = new Map();
  /** Whose containers were looked into last. */
  #links: readonly Manifest<Link>[] = [];

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
    const running: (Visit & { readonly key: Key })[] = [];
    const views: [Key, ContainerView][] = [];
    for (const [index, container] of found.entries()) {
      const link = pending[index]!;
      if (container.state === 'running') {
        await this.#nics.look(link, container.identity);
        const view = emptyNamespace(container.path, container.identity);
        if (view) views.push([link.key, { ...container, view }]);
        else running.push({ key: link.key, ...container, commands: [] });
      } else views.push([link.key, container]);
    }
    const results = await this.#visitor.visit(running);
    for (const [index, { result, view }] of results.entries()) {
      const { key, path, identity } = running[index]!;
      const reason = `cannot look into its network namespace: ${result.stderr.trim()}`;
      views.push([key, view ? { state: 'running', path, identity, view } : { state: 'absent', reason }]);
    }
    this.#links = links;
    this.set(views);
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
