import { sysctlPaths } from '../../controllers/forwarding.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { Observed } from '../kernel/observed.ts';
import type { Resolvers } from '../kernel/resolvers.ts';
import type { KernelView } from '../kernel/view.ts';
import { Memo } from '../netfilter/memo.ts';
import { resolverNames } from '../resolver/files.ts';
import type { Inventory } from './inventory.ts';

interface ObserverParts {
  readonly view: KernelView;
  readonly resolvers: Resolvers;
  readonly inventory: Inventory;
}

/** What of the manifests tells where to look. */
interface LookedFor {
  readonly desired: ReadonlyMap<Key, Manifest>;
  readonly links: readonly Manifest<Link>[];
  readonly resolvers: ReadonlySet<string>;
}

/** Looks at what of the kernel manifests are about. */
export class Observer {
  readonly #parts: ObserverParts;
  #lookedFor: LookedFor | undefined;
  /** Which sysctls are looked at. */
  readonly #paths = new Memo<readonly string[]>();

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  /** @throws {Error} Where the kernel cannot be looked at. */
  async look(desired: ReadonlyMap<Key, Manifest>): Promise<Observed> {
    const { links, resolvers } = this.#lookFor(desired);
    const { view, inventory } = this.#parts;
    const kernel = await view.look(links, (host) =>
      this.#paths.get('all', [desired, host, inventory.all()], () => sysctlPaths(desired, host, inventory)),
    );
    return { ...kernel, resolvers: this.#parts.resolvers.look(resolvers) };
  }

  /** The Links among manifests. */
  linksOf(desired: ReadonlyMap<Key, Manifest>): readonly Manifest<Link>[] {
    return this.#lookFor(desired).links;
  }

  /** The same for the same manifests. */
  #lookFor(desired: ReadonlyMap<Key, Manifest>): LookedFor {
    if (this.#lookedFor?.desired !== desired) {
      const links = [...desired.values()].filter(
        (manifest): manifest is Manifest<Link> => manifest.resource.kind === 'Link',
      );
      this.#lookedFor = { desired, links, resolvers: resolverNames(desired) };
    }
    return this.#lookedFor;
  }
}
