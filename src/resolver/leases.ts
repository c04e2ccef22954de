import { type Cidr, contains, formatAddress, networkOf, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import { gatewaysOf } from '../api/gateways.ts';
import type { Link } from '../api/link.ts';
import { macAddressOf } from '../api/naming.ts';
import { DOMAIN, addressOf, domainOf } from './names.ts';

/** The addresses of a bridge's networks are fixed by its Links, so how long they are lent means little. */
export const LEASE_TIME = '1h';

/** A bridge's IPv4 networks, each once. */
export function dhcpNetworks(bridge: Bridge): readonly Cidr[] {
  const networks = bridge.spec.addresses
    .map((text) => networkOf(parseCidr(text)!))
    .filter(({ family }) => family === 4);
  return [...new Map(networks.map((network) => [formatAddress(network), network])).values()];
}

/** The mask of an IPv4 network: `255.255.255.0`. */
export function netmaskOf({ prefix }: Cidr): string {
  return formatAddress({ family: 4, value: (0xffffffffn << BigInt(32 - prefix)) & 0xffffffffn });
}

/** Which MAC address is lent which address, a line each; whoever is in no line is not answered. */
export function leasesText(bridge: Bridge, links: readonly Link[]): string {
  return leasesOf(bridge, links)
    .map(({ link, lease }) => `${macAddressOf(link)},set:${tagOf(lease)},${addressOf(lease)},${LEASE_TIME}\n`)
    .join('');
}

/** What is told with each address: mask, router, routes, MTU, domain. */
export function optionsText(bridge: Bridge, links: readonly Link[]): string {
  return leasesOf(bridge, links)
    .flatMap(({ link, lease }) =>
      optionsOf(link, bridge, lease).map((option) => `tag:${tagOf(lease)},option:${option}\n`),
    )
    .join('');
}

interface Lease {
  readonly link: Link;
  /** With its prefix length. */
  readonly lease: string;
}

/** What is lent to each link: its first IPv4 address in a network of the bridge. In the order of the addresses. */
function leasesOf(bridge: Bridge, links: readonly Link[]): Lease[] {
  const networks = dhcpNetworks(bridge);
  return links
    .flatMap((link) => {
      const lease = link.spec.addresses.find((text) =>
        networks.some((network) => contains(network, parseCidr(text)!)),
      );
      return lease === undefined ? [] : [{ link, lease }];
    })
    .sort((one, other) => (one.lease < other.lease ? -1 : 1));
}

function optionsOf(link: Link, bridge: Bridge, lease: string): string[] {
  const gateway = gatewaysOf(link, bridge).find((address) => !address.includes(':'));
  const routes = link.spec.routes.flatMap(({ to, via = gateway ?? '0.0.0.0' }) => {
    const network = to === 'default' ? '0.0.0.0/0' : to;
    return network.includes(':') || via.includes(':') ? [] : [`${network},${via}`];
  });
  // Who understands these routes asks for no router, so the default route is among them.
  const all = gateway === undefined ? routes : [`0.0.0.0/0,${gateway}`, ...routes];
  const domain = domainOf(link.metadata.namespace);
  return [
    `netmask,${netmaskOf(parseCidr(lease)!)}`,
    // Without a value it is not sent at all; dnsmasq would name itself.
    gateway === undefined ? 'router' : `router,${gateway}`,
    ...(routes.length === 0 ? [] : [`classless-static-route,${[...new Set(all)].join(',')}`]),
    `mtu,${link.spec.mtu ?? bridge.spec.mtu}`,
    ...(bridge.spec.dns
      ? [
          `dns-server,${serverOf(bridge, lease)}`,
          `domain-name,${domain}`,
          `domain-search,${domain},${DOMAIN}`,
        ]
      : []),
  ];
}

/** The bridge's own address in the network of a lease. */
function serverOf({ spec }: Bridge, lease: string): string {
  const address = parseCidr(lease)!;
  return addressOf(spec.addresses.find((text) => contains(networkOf(parseCidr(text)!), address))!);
}

/** Ties a link's options to its lease; an address is that of one link only. */
function tagOf(lease: string): string {
  return `a${addressOf(lease).replaceAll('.', '-')}`;
}
