import { type Key, parseKey } from '../src/api/key.ts';
import type { Claim, Operation } from '../src/kernel/command.ts';
import { type NamespaceView, type ObservedInterface, markedKey } from '../src/kernel/observed.ts';
import { interfaceRemoval } from './interface-removal.ts';
import { proxyRemovals } from './link-proxies.ts';
import { type PlanInput, ip } from './plan.ts';
import { ROUTE_PROTOCOL, routeIdentity } from './route-text.ts';
import { routeRemoval } from './route.ts';

/** Resources that have something in the kernel and no manifest. */
export interface Leftovers {
  /** In the inventory: to be removed. */
  readonly removable: readonly Key[];
  /** Marked as lxcnet's, but in no inventory: reported, and removed only on request. */
  readonly orphans: readonly ObservedInterface[];
}

/** Finds what has no manifest (any more). */
export function findLeftovers({ desired, observed, claims }: PlanInput): Leftovers {
  const owners = new Set(claims.all().map(({ owner }) => owner));
  const removable = [...owners].filter(
    (owner) => !desired.has(owner) && claims.of(owner).some(({ object }) => object !== 'sysctl'),
  );
  const orphans = [...observed.host.interfaces.values()].filter((device) => {
    const key = markedKey(device);
    return key !== undefined && !desired.has(key as Key) && !owners.has(key as Key);
  });
  return { removable, orphans };
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
  const letGo: Operation = {
    key: owner,
    stage: 'restore',
    verb: 'delete',
    object: `${object} ${id}`,
    commands: [],
    release: claim,
  };
  switch (object) {
    case 'interface': {
      const device = observed.host.interfaces.get(id);
      return [device && markedKey(device) === owner ? interfaceRemoval(owner, device) : letGo];
    }
    case 'route': {
      const route = observed.host.routes.find(
        (candidate) => candidate.protocol === ROUTE_PROTOCOL && routeIdentity(candidate) === id,
      );
      return [route ? routeRemoval(owner, route) : letGo];
    }
    case 'port':
      return [portRelease(claim, observed.host) ?? letGo];
    case 'proxy':
      return observed.host.proxies.has(id) ? [] : [letGo];
    case 'address': // goes with its interface
      return [letGo];
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

/** The removal of orphans, for who asks for it. A mark that is no key of ours is left alone. */
export function planOrphanRemoval(orphans: readonly ObservedInterface[]): Operation[] {
  return orphans.flatMap((device) => {
    try {
      const key = markedKey(device)!;
      parseKey(key);
      return [interfaceRemoval(key as Key, device)];
    } catch {
      return [];
    }
  });
}
