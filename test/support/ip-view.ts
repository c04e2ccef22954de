import { canonicalAddress } from '../../src/api/address.ts';
import type { NamespaceView } from '../../src/kernel/observed.ts';
import type { NetNs } from './netns.ts';

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly address: string;
  readonly ifalias?: string;
  readonly link_index?: number;
  readonly link_netnsid?: number;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_slave_data?: { readonly isolated?: boolean };
  };
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}
interface IpHop {
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev?: string;
  readonly weight?: number;
}
interface IpRoute extends IpHop {
  readonly type?: string;
  readonly dst: string;
  readonly table?: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly metrics?: readonly { readonly mtu?: number }[];
  readonly nexthops?: readonly IpHop[];
}

/** What a view has to be, by what `ip` prints of a namespace. */
export function viewByIp(netns: NetNs): NamespaceView {
  const devices = netns.json('ip', '-j', '-d', 'address') as readonly IpLink[];
  const interfaces = devices.map((device) => ({
    index: device.ifindex,
    name: device.ifname,
    kind: device.linkinfo?.info_kind ?? '',
    alias: device.ifalias ?? '',
    mac: device.address,
    mtu: device.mtu,
    up: device.flags.includes('UP'),
    loopback: device.flags.includes('LOOPBACK'),
    ...(device.master !== undefined && { master: device.master }),
    isolated: device.linkinfo?.info_slave_data?.isolated ?? false,
    ...(device.link_index !== undefined && { peerIndex: device.link_index }),
    ...(device.link_netnsid !== undefined && { peerNamespaceId: device.link_netnsid }),
    linkLocal: device.addr_info.some(({ family, scope }) => family === 'inet6' && scope === 'link'),
    addresses: device.addr_info
      .filter(({ scope }) => scope === 'global' || scope === 'site')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  }));
  const routes = ([4, 6] as const).flatMap((family) =>
    (netns.json('ip', `-${family}`, '-N', '-j', '-d', 'route', 'show', 'table', 'all') as readonly IpRoute[])
      .filter(({ table, protocol }) => table !== '255' || protocol !== '2')
      .map((route) => toRoute(route, family)),
  );
  const proxies = ([4, 6] as const).flatMap(
    (family) =>
      netns.json('ip', `-${family}`, '-j', 'neighbour', 'show', 'proxy') as { dev: string; dst: string }[],
  );
  return {
    interfaces: new Map(interfaces.map((device) => [device.name, device])),
    routes,
    proxies: new Set(proxies.map(({ dev, dst }) => `${dev} ${dst}`)),
  };
}

const PROTOCOLS: Readonly<Record<string, string>> = { 2: 'kernel', 3: 'boot', 9: 'ra', 16: 'dhcp' };
const TYPES: Readonly<Record<string, string>> = {
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
};

function toRoute(route: IpRoute, family: 4 | 6) {
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  const to =
    route.dst === 'default'
      ? all
      : route.dst.includes('/')
        ? route.dst
        : `${route.dst}/${family === 4 ? 32 : 128}`;
  const type = TYPES[route.type ?? '1'] ?? route.type!;
  const mtu = route.metrics?.find((metric) => metric.mtu !== undefined)?.mtu;
  const { interface: device, ...gateway } = toHop(route);
  return {
    family,
    to,
    type,
    table: Number(route.table ?? 254),
    metric: route.metric ?? 0,
    protocol: PROTOCOLS[route.protocol] ?? route.protocol,
    ...gateway,
    ...(type === 'unicast' && device !== undefined && { interface: device }),
    ...(route.prefsrc !== undefined && { source: route.prefsrc }),
    ...(mtu !== undefined && { mtu }),
    ...(route.nexthops && {
      nextHops: route.nexthops.map((hop) => ({ ...toHop(hop), weight: hop.weight! })),
    }),
  };
}

function toHop({ gateway, via, dev }: IpHop): { via?: string; interface?: string } {
  const next = gateway ?? via?.host;
  return {
    ...(next !== undefined && { via: canonicalAddress(next) }),
    ...(dev !== undefined && { interface: dev }),
  };
}
