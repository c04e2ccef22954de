import { type Key, parseKey } from '../src/api/key.ts';
import type { Claim, Operation } from '../src/kernel/command.ts';
import {
  type NamespaceView,
  type ObservedInterface,
  type ObservedRoute,
  markedKey,
} from '../src/kernel/observed.ts';
import { interfaceRemoval, letGo } from './interface-removal.ts';
import { proxyRemovals } from './link-proxies.ts';
import { type PlanInput, ip } from './plan.ts';
import { ROUTE_PROTOCOL, routeIdentity, routeText } from './route-text.ts';
import { routeRemoval, wantedRoutes } from './route.ts';

/** Resources that have something in the kernel and no manifest. */
export interface Leftovers {
  /** In the inventory: to be removed. */
  readonly removable: readonly Key[];
  /** Marked as lxcnet's, but in no inventory and no manifest: reported, and removed only on request. */
  readonly orphans: readonly Orphan[];
}

/** Something with lxcnet's mark that belongs to nothing. */
export interface Orphan {
  /** For people: `interface br0 (lxcnet:Bridge/br0)`, `route 10.30.0.0/16 via 10.10.20.20 dev br0`. */
  readonly text: string;
  /** Absent where the mark is no key of ours: then it is left alone. */
  readonly removal?: Operation;
}

/** Finds what has no manifest (any more). */
export function findLeftovers({ desired, observed, claims }: PlanInput): Leftovers {
  const owners = new Set(claims.all().map(({ owner }) => owner));
  const removable = [...owners].filter(
    (owner) => !desired.has(owner) && claims.of(owner).some(({ object }) => object !== 'sysctl'),
  );
  const interfaces = [...observed.host.interfaces.values()].filter((device) => {
    const key = markedKey(device);
    return key !== undefined && !desired.has(key as Key) && !owners.has(key as Key);
  });
  const routes = orphanedRoutes({ desired, observed, claims });
  return { removable, orphans: [...interfaces.map(orphanedInterface), ...routes.map(orphanedRoute)] };
}

/** A route has no room for the name of its resource, so it is known by what the manifests and the inventory say. */
function orphanedRoutes({ desired, observed, claims }: PlanInput): readonly ObservedRoute[] {
  const unclaimed = observed.host.routes.filter(
    (route) => route.protocol === ROUTE_PROTOCOL && !claims.find('route', routeIdentity(route)),
  );
  if (unclaimed.length === 0) return [];
  const wanted = new Set(
    [...desired.values()].flatMap(({ resource }) =>
      resource.kind === 'Route' ? wantedRoutes(resource).map(routeIdentity) : [],
    ),
  );
  return unclaimed.filter((route) => !wanted.has(routeIdentity(route)));
}

/** What removes everything that the inventory says is this resource's. Without the mark an interface is not touched. */
export function planRemoval(key: Key, input: PlanInput): Operation[] {
  const { observed, claims } = input;
  return [
    ...proxyRemovals(key, new Set(), observed, claims),
    ...claims.of(key).flatMap((claim) => removalOf(claim, input)),
  ];
}

function removalOf(claim: Claim, { observed }: PlanInput): Operation[] {
  const { owner, object, id } = claim;
  switch (object) {
    case 'interface': {
      const device = observed.host.interfaces.get(id);
      return [device && markedKey(device) === owner ? interfaceRemoval(owner, device) : letGo(claim)];
    }
    case 'route': {
      const route = observed.host.routes.find(
        (candidate) => candidate.protocol === ROUTE_PROTOCOL && routeIdentity(candidate) === id,
      );
      return [route ? routeRemoval(owner, route) : letGo(claim)];
    }
    case 'port':
      return [portRelease(claim, observed.host) ?? letGo(claim)];
    case 'proxy':
      return observed.host.proxies.has(id) ? [] : [letGo(claim)];
    case 'address': // goes with its interface
      return [letGo(claim)];
    case 'sysctl': // given back with the forwarding
      return [];
  }
}

/** Only from the bridge that it was attached to; somebody may have attached it to another one meanwhile. */
function portRelease(claim: Claim, host: NamespaceView): Operation | undefined {
  const device = host.interfaces.get(claim.id);
  const master = device?.master === undefined ? undefined : host.interfaces.get(device.master);
  if (device?.master === undefined || !master || markedKey(master) !== claim.owner) return undefined;
  return {
    key: claim.owner,
    stage: 'remove-routes',
    verb: 'update',
    object: `interface ${device.name}`,
    field: 'master',
    from: device.master,
    to: '',
    commands: [ip('host', 'link', 'set', 'dev', device.name, 'nomaster')],
    release: claim,
  };
}

function orphanedInterface(device: ObservedInterface): Orphan {
  const text = `interface ${device.name} (${device.alias})`;
  try {
    const key = markedKey(device)!;
    parseKey(key);
    return { text, removal: interfaceRemoval(key as Key, device) };
  } catch {
    return { text };
  }
}

/** No manifest can have this name. */
const ORPHANED_ROUTE = 'Route/(orphan)' as Key;

function orphanedRoute(route: ObservedRoute): Orphan {
  return { text: `route ${routeText(route)}`, removal: routeRemoval(ORPHANED_ROUTE, route) };
}
