import { type Key, displayKey, keyOf } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { type LxcContainer, lxcContainerOf } from '../api/lxc-container.ts';
import type { ApiObject } from '../api/object.ts';
import type { Manifest } from '../api/resource.ts';
import type { Netlink } from '../kernel/netlink.ts';
import type { KernelView } from '../kernel/view.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import { expectedFilter, missingFilter } from './missing-filter.ts';
import type { LxcActions, StartVerdict } from './ports.ts';
import type { PassResult } from './pass.ts';

interface LxcParts {
  readonly layout: Layout;
  readonly netlink: Netlink;
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
    async beforeStart(container) {
      const links = linksOf(container);
      const settled = parts.settled();
      if (settled && links.length === 0) return { verdict: 'unnamed' };
      if (!settled) return wait('the daemon has not carried out the manifests yet');
      const desired = parts.last()?.plan.netfilter.desired ?? new Map();
      const missing = await missingFilter(
        parts.netlink,
        expectedFilter(filterOwners(links), desired, parts.layout),
      );
      return missing === undefined ? { verdict: 'go' } : wait(missing);
    },
    async started(container, process) {
      const links = linksOf(container);
      if (links.length === 0) return parts.settled() ? { verdict: 'unnamed' } : wait('no pass is over yet');
      const refusal = parts.view.namespaces.processes.announce(container, process);
      if (refusal !== undefined)
        return { verdict: 'never', reason: `${refusal}; does the daemon run on this host?` };
      await parts.lookAt(links.map(({ key }) => key));
      const unready = links.flatMap(({ key }) => shortcomingOf(key, parts.object(key)) ?? []);
      const lost = unready.find(({ stalled }) => stalled);
      if (!parts.settled()) return wait('no pass is over yet');
      if (lost) return { verdict: 'never', reason: lost.text };
      return unready.length === 0 ? { verdict: 'go' } : wait(unready.map(({ text }) => text).join('; '));
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

function wait(reason: string): StartVerdict {
  return { verdict: 'wait', reason };
}

/** What a Link is without, and whether it stays so without an edit, or without what is in the way going. */
interface Shortcoming {
  readonly text: string;
  readonly stalled: boolean;
}

function shortcomingOf(key: Key, object: ApiObject | undefined): Shortcoming | undefined {
  const current = (type: string): ApiObject['status']['conditions'][number] | undefined =>
    object?.status.conditions.find(
      (condition) => condition.type === type && condition.observedGeneration === object.metadata.generation,
    );
  const ready = current('Ready');
  if (ready?.status === 'True') return undefined;
  // A Link that is left alone on its own request never becomes ready either.
  const stalled = current('Stalled')?.status === 'True' || ready?.reason === 'Suspended';
  const message = ready ? `${ready.reason}: ${ready.message}` : 'it was not looked at yet';
  return {
    stalled,
    text: stalled ? `${displayKey(key)}: ${message}` : `${displayKey(key)} is not ready: ${message}`,
  };
}
