import type { ObservedNextHop, ObservedRoute } from '../src/kernel/observed.ts';

/** The protocol number that marks lxcnet's routes; 186–192 are those of routing daemons. */
export const ROUTE_PROTOCOL = '199';

/** A route as a manifest wants it; absent fields are the kernel's choice and are not compared. */
export type WantedRoute = Omit<ObservedRoute, 'protocol'>;

/** What the kernel tells two routes apart by. */
export function routeIdentity({
  family,
  to,
  table,
  metric,
}: Pick<ObservedRoute, 'family' | 'to' | 'table' | 'metric'>): string {
  return `${family} ${to} table ${table} metric ${metric}`;
}

/** The metric that the kernel gives a route without one. */
export function defaultMetric(family: 4 | 6): number {
  return family === 4 ? 0 : 1024;
}

/** Whether the kernel's route is the wanted one, in the fields that are wanted. */
export function sameRoute(wanted: WantedRoute, observed: ObservedRoute): boolean {
  return (
    routeIdentity(wanted) === routeIdentity(observed) &&
    wanted.type === observed.type &&
    wanted.via === observed.via &&
    wanted.mtu === observed.mtu &&
    (wanted.interface === undefined || wanted.interface === observed.interface) &&
    (wanted.source === undefined || wanted.source === observed.source) &&
    sameNextHops(wanted.nextHops, observed.nextHops)
  );
}

function sameNextHops(
  wanted: readonly ObservedNextHop[] | undefined,
  observed: readonly ObservedNextHop[] | undefined,
): boolean {
  if (!wanted || !observed) return wanted === observed;
  const left = [...observed];
  for (const hop of wanted) {
    const index = left.findIndex(
      (other) =>
        hop.via === other.via &&
        hop.weight === other.weight &&
        (hop.interface === undefined || hop.interface === other.interface),
    );
    if (index < 0) return false;
    left.splice(index, 1);
  }
  return left.length === 0;
}

/** The arguments of `ip route add|replace` for a route. */
export function routeArguments(route: WantedRoute, options: { readonly onlink?: boolean } = {}): string[] {
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)];
  const hop = ({ via, interface: device }: Pick<ObservedNextHop, 'via' | 'interface'>): string[] => [
    ...option('via', via),
    ...option('dev', device),
  ];
  return [
    ...(route.type === 'unicast' ? [] : [route.type]),
    route.to,
    ...hop(route),
    ...(options.onlink ? ['onlink'] : []),
    ...option('src', route.source),
    ...option('metric', route.metric === defaultMetric(route.family) ? undefined : route.metric),
    ...option('table', route.table),
    'proto',
    ROUTE_PROTOCOL,
    ...option('mtu', route.mtu),
    ...(route.nextHops ?? []).flatMap((next) => ['nexthop', ...hop(next), 'weight', String(next.weight)]),
  ];
}

/** The arguments of `ip route delete` for exactly this route, whoever made it. */
export function routeDeletion(route: ObservedRoute): string[] {
  return [
    ...(route.type === 'unicast' ? [] : [route.type]),
    route.to,
    ...(route.via !== undefined && !route.nextHops ? ['via', route.via] : []),
    ...(route.interface !== undefined ? ['dev', route.interface] : []),
    'table',
    String(route.table),
    ...(route.metric === 0 ? [] : ['metric', String(route.metric)]),
    'proto',
    route.protocol,
  ];
}

/** For people: `route 10.30.0.0/16 via 10.10.20.20 dev br0`. */
export function routeText(route: WantedRoute): string {
  const hops = route.nextHops?.map((hop) => [
    hop.via && `via ${hop.via}`,
    hop.interface && `dev ${hop.interface}`,
    `weight ${hop.weight}`,
  ]);
  const parts = [
    route.type === 'unicast' ? undefined : route.type,
    route.to,
    route.via && `via ${route.via}`,
    route.interface && `dev ${route.interface}`,
    route.source && `src ${route.source}`,
    route.mtu && `mtu ${route.mtu}`,
    ...(hops ?? []).flat(),
  ];
  return parts.filter(Boolean).join(' ');
}
