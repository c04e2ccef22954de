import { parseAddress, parseCidr } from '../src/api/address.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Route } from '../src/api/route.ts';
import type { Command, Operation } from '../src/kernel/command.ts';
import type { ObservedRoute } from '../src/kernel/observed.ts';
import { type Plan, type PlanInput, NOTHING_TO_DO, TAKE_OVER_HINT, conflict, ip, mayAdopt } from './plan.ts';
import {
  ROUTE_PROTOCOL,
  type WantedRoute,
  defaultMetric,
  routeArguments,
  routeDeletion,
  routeIdentity,
  routeText,
  sameRoute,
} from './route-text.ts';

/** What makes the host's routing table have a Route, once per family where it is `default` without an address. */
export function planRoute(
  { key, resource }: Manifest<Route>,
  { desired, observed, claims }: PlanInput,
): Plan {
  const wanted = wantedRoutes(resource);
  const operations: Operation[] = [];
  for (const route of wanted) {
    const identity = routeIdentity(route);
    const present = observed.host.routes.find(
      (candidate) => routeIdentity(candidate) === identity && candidate.type !== 'local',
    );
    const foreign = present && present.protocol !== ROUTE_PROTOCOL;
    if (foreign && !mayAdopt(resource)) {
      const text = `route ${present.to} of protocol ${present.protocol} is in table ${present.table} already`;
      return { operations: [], obstacle: conflict(`${text}; use another metric, or ${TAKE_OVER_HINT}`) };
    }
    const isRight = present && !foreign && sameRoute(route, present);
    // Where the inventory was lost it is taken back; of two resources that want the same, one has it.
    const owner = claims.find('route', identity)?.owner;
    if (isRight && owner !== undefined && (owner === key || desired.has(owner))) continue;
    operations.push({
      key,
      stage: 'route',
      verb: present ? 'update' : 'create',
      object: `route ${identity.slice(2)}`,
      ...(present && !isRight && { field: 'route', from: routeText(present), to: routeText(route) }),
      commands: isRight ? [] : replacement(route, present),
      claim: { owner: key, object: 'route', id: identity },
    });
  }
  const kept = new Set(wanted.map(routeIdentity));
  for (const claim of claims.of(key)) {
    const stale =
      claim.object === 'route' && !kept.has(claim.id) && routeWithIdentity(observed.host.routes, claim.id);
    if (stale) operations.push(routeRemoval(key, stale));
  }
  return operations.length === 0 ? NOTHING_TO_DO : { operations };
}

/** `replace` on an IPv6 route with several next hops adds to it, so the old one has to go first. */
function replacement(route: WantedRoute, present: ObservedRoute | undefined): Command[] {
  return [
    ...(present && route.family === 6 ? [ip('host', 'route', 'delete', ...routeDeletion(present))] : []),
    ip('host', 'route', present && route.family === 4 ? 'replace' : 'add', ...routeArguments(route)),
  ];
}

function routeWithIdentity(routes: readonly ObservedRoute[], identity: string): ObservedRoute | undefined {
  return routes.find((route) => route.protocol === ROUTE_PROTOCOL && routeIdentity(route) === identity);
}

/** Removes one of lxcnet's own routes. */
export function routeRemoval(key: Manifest['key'], route: ObservedRoute): Operation {
  return {
    key,
    stage: 'remove-routes',
    verb: 'delete',
    object: `route ${routeIdentity(route).slice(2)}`,
    commands: [ip('host', 'route', 'delete', ...routeDeletion(route))],
    release: { owner: key, object: 'route', id: routeIdentity(route) },
  };
}

const TYPES = {
  Unicast: 'unicast',
  Blackhole: 'blackhole',
  Unreachable: 'unreachable',
  Prohibit: 'prohibit',
} as const;

/** The routes that a manifest asks for. */
export function wantedRoutes({ spec }: Route): WantedRoute[] {
  // The kernel keeps a single next hop as a plain route, and forgets its weight.
  const [only, ...others] = spec.nextHops ?? [];
  const { via, interface: device } = only && others.length === 0 ? only : spec;
  return familiesOf(spec).map((family) => ({
    family,
    to: spec.to === 'default' ? (family === 4 ? '0.0.0.0/0' : '::/0') : spec.to,
    type: TYPES[spec.type],
    table: spec.table,
    metric: spec.metric ?? defaultMetric(family),
    ...(via !== undefined && { via }),
    ...(device !== undefined && { interface: device }),
    ...(spec.source !== undefined && { source: spec.source }),
    ...(spec.mtu !== undefined && { mtu: spec.mtu }),
    ...(only && others.length > 0 && { nextHops: [only, ...others] }),
  }));
}

/** `default` is of the family of its next hop; without one it is of both. */
function familiesOf(spec: Route['spec']): readonly (4 | 6)[] {
  if (spec.to !== 'default') return [parseCidr(spec.to)!.family];
  const address = spec.via ?? spec.source ?? spec.nextHops?.find(({ via }) => via !== undefined)?.via;
  return address === undefined ? [4, 6] : [parseAddress(address)!.family];
}
