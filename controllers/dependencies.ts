import type { Bridge } from '../src/api/bridge.ts';
import { type Key, keyOf, parseKey } from '../src/api/key.ts';
import type { Link } from '../src/api/link.ts';
import { bridgeInterfaceOf, hostInterfaceOf } from '../src/api/naming.ts';
import type { PortForward } from '../src/api/port-forward.ts';
import type { Manifest } from '../src/api/resource.ts';
import { candidatesFor, interfaceByIndex, interfaceMarkedFor } from '../src/kernel/observed.ts';
import type { PlanInput } from './plan.ts';

/*
 * Everything that the plan of a resource depends on, of the kinds of which there are many: a plan that was made from the
 * same things is not made again. Observed objects are the same as long as nothing about them has changed.
 */

/** What `planLink` looks at. */
export function linkDependencies({ key, resource }: Manifest<Link>, input: PlanInput): readonly unknown[] {
  const { desired, observed, claims } = input;
  const { host, containers, lxcNics, missing } = observed;
  const bridgeKey = keyOf('Bridge', '', resource.spec.bridge);
  const bridge = desired.get(bridgeKey)?.resource as Bridge | undefined;
  const container = containers.get(key);
  const inside = container?.state === 'running' ? candidatesFor(container.view, resource.spec.interface) : [];
  const owned = claims.of(key);
  const hasProxies =
    resource.spec.addresses.some((address) => address.includes(':')) ||
    owned.some(({ object }) => object === 'proxy');
  return [
    resource,
    bridge,
    bridge && host.interfaces.get(bridgeInterfaceOf(bridge)),
    bridge && claims.of(bridgeKey),
    container,
    lxcNics.get(key),
    missing,
    interfaceMarkedFor(host, key),
    host.interfaces.get(hostInterfaceOf(resource)),
    ...inside.map(({ peerIndex }) => interfaceByIndex(host, peerIndex)),
    owned,
    ...owned.flatMap(({ object, id }) => (object === 'interface' ? [host.interfaces.get(id)] : [])),
    hasProxies ? host.proxies : undefined,
  ];
}

/** What `planPortForward` looks at, besides which forward wins. */
export function forwardDependencies(
  { resource }: Manifest<PortForward>,
  { desired, observed }: PlanInput,
): readonly unknown[] {
  const { name, namespace = resource.metadata.namespace } = resource.spec.link;
  return [
    resource,
    desired.has(keyOf('Link', namespace, name)),
    observed.surroundings.listeners,
    ...(resource.spec.interfaces ?? []).map((each) => observed.host.interfaces.get(each)),
  ];
}

/**
 * The resources that have changed, and those to which something is done on their account: a bridge takes its links along,
 * and the routes that may lead through it; links and forwards take bridges along, which have sysctls for them.
 */
export function affectedBy(changed: ReadonlySet<Key>, desired: ReadonlyMap<Key, Manifest>): ReadonlySet<Key> {
  if (changed.size === 0) return changed;
  const kinds = new Set([...changed].map((key) => parseKey(key).kind));
  const isAffected = ({ resource }: Manifest): boolean => {
    switch (resource.kind) {
      case 'Link':
        return changed.has(keyOf('Bridge', '', resource.spec.bridge));
      case 'Route':
        return kinds.has('Bridge');
      case 'Bridge':
        return kinds.has('Link') || kinds.has('PortForward');
      default:
        return false;
    }
  };
  return new Set([...changed, ...[...desired.values()].filter(isAffected).map(({ key }) => key)]);
}
