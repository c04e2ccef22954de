import { isDeepStrictEqual } from 'node:util';
import type { ContainerView, NamespaceView } from './observed.ts';

/**
 * A later view of a namespace that has the earlier one's objects wherever nothing has changed, so that who remembers what
 * followed from them sees by identity that it still does.
 */
export function sharedWith(before: NamespaceView | undefined, after: NamespaceView): NamespaceView {
  if (!before || before === after) return after;
  const interfaces = new Map(
    [...after.interfaces].map(([name, device]) => [name, shared(before.interfaces.get(name), device)]),
  );
  const same =
    interfaces.size === before.interfaces.size &&
    [...interfaces].every(([name, device]) => before.interfaces.get(name) === device);
  const view = {
    interfaces: same ? before.interfaces : interfaces,
    routes: shared(before.routes, after.routes),
    proxies: shared(before.proxies, after.proxies),
  };
  return same && view.routes === before.routes && view.proxies === before.proxies ? before : view;
}

function shared<T>(before: T | undefined, after: T): T {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after;
}

/** The same for a container. */
export function sharedContainer(before: ContainerView | undefined, after: ContainerView): ContainerView {
  if (before?.state !== 'running' || after.state !== 'running') return shared(before, after);
  const view = sharedWith(before.view, after.view);
  const named = after.path === before.path && after.identity === before.identity;
  const same = view === before.view && named && after.cookie === before.cookie;
  return same ? before : { ...after, view };
}
