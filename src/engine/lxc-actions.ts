import { type Key, keyOf } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { type LxcContainer, lxcContainerOf } from '../api/lxc-container.ts';
import type { ApiObject } from '../api/object.ts';
import type { Manifest } from '../api/resource.ts';
import type { KernelView } from '../kernel/view.ts';
import { expectedFilter } from '../netfilter/expected.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import type { LinkState, LxcActions } from './ports.ts';
import type { PassResult } from './reconciler.ts';

interface LxcParts {
  readonly layout: Layout;
  readonly view: KernelView;
  readonly manifests: () => ReadonlyMap<Key, Manifest>;
  /** Whether the last pass carried out all that is known. */
  readonly settled: () => boolean;
  readonly last: () => PassResult | undefined;
  readonly object: (key: Key) => ApiObject | undefined;
  /** Has a pass look at these again; resolves when it is over. */
  readonly lookAt: (keys: readonly Key[]) => Promise<void>;
}

/** What the daemon does for LXC's hooks. */
export function createLxcActions(parts: LxcParts): LxcActions {
  const linksOf = (container: LxcContainer): Manifest<Link>[] => linksNaming(container, parts.manifests());
  return {
    filterOf(container) {
      const links = linksOf(container);
      const desired = parts.last()?.plan.netfilter.desired ?? new Map();
      return {
        settled: parts.settled(),
        links: links.map(({ key }) => key),
        filter: expectedFilter(filterOwners(links), desired, parts.layout),
      };
    },
    async started(container, process) {
      const links = linksOf(container);
      if (links.length === 0) return { settled: parts.settled(), links: [] };
      const refusal = parts.view.namespaces.processes.announce(container, process);
      if (refusal === undefined) await parts.lookAt(links.map(({ key }) => key));
      const states = links.map(({ key }) => stateOf(key, parts.object(key)));
      return { settled: parts.settled(), refusal, links: states };
    },
    stopped(container) {
      const keys = linksOf(container).map(({ key }) => key);
      if (keys.length === 0) return;
      parts.view.namespaces.processes.forget(container);
      void parts.lookAt(keys);
    },
  };
}

/** The Links that name an LXC container. */
export function linksNaming(
  { name, path }: LxcContainer,
  manifests: ReadonlyMap<Key, Manifest>,
): Manifest<Link>[] {
  return [...manifests.values()].filter((manifest): manifest is Manifest<Link> => {
    const named =
      manifest.resource.kind === 'Link' ? lxcContainerOf(manifest.resource.spec.container) : undefined;
    return named?.name === name && named.path === path;
  });
}

/** Whose elements decide about these Links. */
export function filterOwners(links: readonly Manifest<Link>[]): ReadonlySet<Key> {
  return new Set(links.flatMap(({ key, resource }) => [key, keyOf('Bridge', '', resource.spec.bridge)]));
}

function stateOf(key: Key, object: ApiObject | undefined): LinkState {
  const current = (type: string): ApiObject['status']['conditions'][number] | undefined =>
    object?.status.conditions.find(
      (condition) => condition.type === type && condition.observedGeneration === object.metadata.generation,
    );
  const ready = current('Ready');
  return {
    key,
    ready: ready?.status === 'True',
    // A Link that is left alone on its own request never becomes ready either.
    stalled: current('Stalled')?.status === 'True' || ready?.reason === 'Suspended',
    message: ready ? `${ready.reason}: ${ready.message}` : 'it was not looked at yet',
  };
}
