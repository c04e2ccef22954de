import { z } from 'zod';
import { canonicalAddress } from '../api/address.ts';
import { readNames } from './iproute-names.ts';
import type { NamespaceView, ObservedInterface, ObservedNextHop, ObservedRoute } from './observed.ts';

/*
 * What `ip -j -d` prints, reduced to what lxcnet looks at. Anything that does not have the expected shape is an error
 * of the whole listing: a decision must never rest on half of it.
 */

const addressInfo = z.object({
  family: z.string(),
  local: z.string().optional(),
  prefixlen: z.number(),
  scope: z.string(),
});

const interfaceInfo = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  master: z.string().optional(),
  group: z.string().default('default'),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  address: z.string().default(''),
  ifalias: z.string().default(''),
  linkinfo: z
    .object({
      info_kind: z.string().default(''),
      info_slave_kind: z.string().optional(),
      info_slave_data: z.object({ isolated: z.boolean().optional() }).optional(),
    })
    .optional(),
  addr_info: z.array(addressInfo.partial()).default([]),
});

const nextHopInfo = z.object({
  gateway: z.string().optional(),
  dev: z.string().optional(),
  weight: z.number().default(1),
});

const routeInfo = z.object({
  type: z.string().default('unicast'),
  dst: z.string(),
  gateway: z.string().optional(),
  via: z.object({ host: z.string() }).optional(),
  dev: z.string().optional(),
  table: z.string().default('main'),
  protocol: z.string().default('boot'),
  prefsrc: z.string().optional(),
  metric: z.number().default(0),
  metrics: z.array(z.object({ mtu: z.number().optional() })).default([]),
  pref: z.string().optional(),
  nexthops: z.array(nextHopInfo).optional(),
});

const proxyInfo = z.object({ dst: z.string(), dev: z.string() });

/** The queries whose answers {@link parseNamespace} reads, one batch line each. */
export const NAMESPACE_QUERIES: readonly string[] = [
  'address show',
  'route show table all',
  'neighbour show proxy',
];

/**
 * Reads the three answers.
 *
 * @throws {Error} When an answer is missing or has another shape.
 */
export function parseNamespace(stdout: string): NamespaceView {
  const answers = stdout.split('\n').filter((line) => line !== '');
  if (answers.length !== NAMESPACE_QUERIES.length) {
    throw new Error(
      `Cannot read the answers of ip: ${answers.length} instead of ${NAMESPACE_QUERIES.length}`,
    );
  }
  const interfaces = parseInterfaces(answers.slice(0, 1));
  return {
    interfaces: new Map(interfaces.map((device) => [device.name, device])),
    ...parseRest(answers.slice(1)),
  };
}

/** Reads answers to `address show`; an empty one is of an interface that there is not. @throws {Error} For another shape. */
export function parseInterfaces(answers: readonly string[]): ObservedInterface[] {
  const listings = answers.filter((answer) => answer !== '');
  return listings.flatMap((answer) => z.array(interfaceInfo).parse(JSON.parse(answer)).map(toInterface));
}

/** Reads the answers about routes and neighbour proxies. @throws {Error} When they have another shape. */
export function parseRest([routes = '', proxies = '']: readonly string[]): Omit<NamespaceView, 'interfaces'> {
  return {
    routes: z
      .array(routeInfo)
      .parse(z.array(z.unknown()).parse(JSON.parse(routes)).filter(isOfInterest))
      .map(toRoute),
    proxies: parseProxies(proxies),
  };
}

/** Reads the answer about neighbour proxies alone. @throws {Error} When it has another shape. */
export function parseProxies(answer: string): ReadonlySet<string> {
  const proxies = z.array(proxyInfo).parse(JSON.parse(answer));
  return new Set(proxies.map(({ dev, dst }) => `${dev} ${canonicalAddress(dst)}`));
}

function toInterface(info: z.output<typeof interfaceInfo>): ObservedInterface {
  return {
    index: info.ifindex,
    name: info.ifname,
    kind: info.linkinfo?.info_kind ?? '',
    alias: info.ifalias,
    group: info.group,
    mac: info.address,
    mtu: info.mtu,
    up: info.flags.includes('UP'),
    loopback: info.flags.includes('LOOPBACK'),
    ...(info.master !== undefined && { master: info.master }),
    isolated: info.linkinfo?.info_slave_data?.isolated ?? false,
    ...(info.link_index !== undefined && { peerIndex: info.link_index }),
    ...(info.link_netnsid !== undefined && { peerNamespaceId: info.link_netnsid }),
    linkLocal: info.addr_info.some(({ scope, family }) => scope === 'link' && family === 'inet6'),
    addresses: info.addr_info
      .filter(({ scope, local }) => (scope === 'global' || scope === 'site') && local !== undefined)
      .map(({ local, prefixlen }) => `${canonicalAddress(local!)}/${prefixlen}`),
  };
}

const TABLES = new Map([...readNames('rt_tables'), ['default', 253], ['main', 254], ['local', 255]] as const);
/** Somebody may have given our protocol number a name. */
const PROTOCOLS = readNames('rt_protos');
const OWN_PROTOCOL = 199;

/** Not what the kernel keeps for itself in its table of local addresses: with a thousand ports as many routes. */
function isOfInterest(route: unknown): boolean {
  const { table, protocol } = (route ?? {}) as { readonly table?: unknown; readonly protocol?: unknown };
  return table !== 'local' || protocol !== 'kernel';
}

function toRoute(info: z.output<typeof routeInfo>): ObservedRoute {
  // Only IPv6 routes have a router preference; a default route of a device says its family nowhere else.
  const family = info.pref !== undefined || info.dst.includes(':') ? 6 : 4;
  const via = info.gateway ?? info.via?.host;
  const mtu = info.metrics.find((metric) => metric.mtu !== undefined)?.mtu;
  // The kernel files an IPv6 route without a device under lo.
  const device = info.type === 'unicast' ? info.dev : undefined;
  return {
    family,
    to: networkText(info.dst, family),
    type: info.type,
    table: TABLES.get(info.table) ?? Number(info.table),
    metric: info.metric,
    protocol: String(PROTOCOLS.get(info.protocol) === OWN_PROTOCOL ? OWN_PROTOCOL : info.protocol),
    ...(via !== undefined && { via: canonicalAddress(via) }),
    ...(device !== undefined && { interface: device }),
    ...(info.prefsrc !== undefined && { source: canonicalAddress(info.prefsrc) }),
    ...(mtu !== undefined && { mtu }),
    ...(info.nexthops && { nextHops: info.nexthops.map(toNextHop) }),
  };
}

function toNextHop({ gateway, dev, weight }: z.output<typeof nextHopInfo>): ObservedNextHop {
  return {
    ...(gateway !== undefined && { via: canonicalAddress(gateway) }),
    ...(dev !== undefined && { interface: dev }),
    weight,
  };
}

/** A network as {@link ObservedRoute} has it; an address alone is one of its own. */
export function networkText(text: string, family: 4 | 6): string {
  if (text === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  const [address = '', prefix] = text.split('/');
  return `${canonicalAddress(address)}/${prefix ?? (family === 4 ? 32 : 128)}`;
}
