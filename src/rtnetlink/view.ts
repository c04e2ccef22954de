import type { NamespaceView, ObservedInterface, ObservedRoute } from '../kernel/observed.ts';
import { type AddressInfo, SCOPE, addressQuery, readAddresses } from './addresses.ts';
import { type LinkInfo, linkQuery, readLinks } from './links.ts';
import type { NetlinkMessage } from './answer.ts';
import type { NetlinkRequest } from './message.ts';
import { type ProxyInfo, proxyQuery, readProxies } from './neighbours.ts';
import { type NextHopInfo, type RouteInfo, readRoutes, routeQuery } from './routes.ts';

type Messages = readonly NetlinkMessage[];
/** The name of the interface with this number. */
export type NameOf = (index: number) => string | undefined;

/** The questions about routes and neighbour proxies that {@link readRest} reads the answers of. */
export const REST_QUERIES: readonly NetlinkRequest[] = [routeQuery(4), routeQuery(6), proxyQuery()];
/** The questions about a namespace that {@link readNamespace} reads the answers of. */
export const NAMESPACE_QUERIES: readonly NetlinkRequest[] = [linkQuery(), addressQuery(), ...REST_QUERIES];

/** Everything of one namespace. @throws {RangeError} Where an answer has another shape. */
export function readNamespace([links = [], addresses = [], ...rest]: readonly Messages[]): NamespaceView {
  const infos = readLinks(links);
  const names = new Map(infos.map(({ index, name }) => [index, name]));
  const nameOf = (index: number): string | undefined => names.get(index);
  const interfaces = toInterfaces(infos, readAddresses(addresses), nameOf);
  return {
    interfaces: new Map(interfaces.map((device) => [device.name, device])),
    ...toRest(readRest(rest), nameOf),
  };
}

/** Routes and neighbour proxies; interfaces are told by their numbers. */
export interface Rest {
  readonly routes: readonly RouteInfo[];
  readonly proxies: readonly ProxyInfo[];
}

export function readRest([ipv4 = [], ipv6 = [], proxies = []]: readonly Messages[]): Rest {
  return { routes: [...readRoutes(ipv4, 4), ...readRoutes(ipv6, 6)], proxies: readProxies(proxies) };
}

/** The numbers of all interfaces that these are about. */
export function* indexesIn({ routes, proxies }: Rest): Generator<number> {
  for (const { deviceIndex, nextHops = [] } of routes)
    for (const index of [deviceIndex, ...nextHops.map((hop) => hop.deviceIndex)])
      if (index !== undefined) yield index;
  for (const { deviceIndex } of proxies) yield deviceIndex;
}

export function toRest({ routes, proxies }: Rest, nameOf: NameOf): Omit<NamespaceView, 'interfaces'> {
  return { routes: routes.map((route) => toRoute(route, nameOf)), proxies: toProxies(proxies, nameOf) };
}

/** `DEVICE ADDRESS` for each. */
export function toProxies(proxies: readonly ProxyInfo[], nameOf: NameOf): ReadonlySet<string> {
  return new Set(proxies.map(({ deviceIndex, address }) => `${nameOf(deviceIndex) ?? ''} ${address}`));
}

/** Interfaces with their addresses. */
export function toInterfaces(
  links: readonly LinkInfo[],
  addresses: readonly AddressInfo[],
  nameOf: NameOf,
): ObservedInterface[] {
  const byIndex = new Map<number, AddressInfo[]>();
  for (const address of addresses) {
    const others = byIndex.get(address.index);
    if (others) others.push(address);
    else byIndex.set(address.index, [address]);
  }
  return links.map(({ masterIndex, ...link }) => {
    const own = byIndex.get(link.index) ?? [];
    const master = masterIndex === undefined ? undefined : nameOf(masterIndex);
    return {
      ...link,
      ...(master !== undefined && { master }),
      linkLocal: own.some(({ scope, family }) => scope === SCOPE.link && family === 6),
      addresses: own
        .filter(({ scope }) => scope === SCOPE.global || scope === SCOPE.site)
        .map(({ address }) => address),
    };
  });
}

function toRoute({ deviceIndex, nextHops, ...route }: RouteInfo, nameOf: NameOf): ObservedRoute {
  const device = deviceIndex === undefined ? undefined : nameOf(deviceIndex);
  return {
    ...route,
    ...(device !== undefined && { interface: device }),
    ...(nextHops && { nextHops: nextHops.map((hop) => toNextHop(hop, nameOf)) }),
  };
}

function toNextHop({ via, deviceIndex, weight }: NextHopInfo, nameOf: NameOf) {
  const device = deviceIndex === undefined ? undefined : nameOf(deviceIndex);
  return { ...(via !== undefined && { via }), ...(device !== undefined && { interface: device }), weight };
}
