import { formatAddress } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import { bridgeInterfaceOf } from '../api/naming.ts';
import { LEASE_TIME, dhcpNetworks, netmaskOf } from './leases.ts';
import { DOMAIN } from './names.ts';

/**
 * The services of a bridge, a process for each. dnsmasq 2.90 crashes when it reads leases again after it has given one
 * (it frees what belongs to the request), so for DHCP it is started again with each change; names must not wait for that.
 */
export const SERVICES = ['dns', 'dhcp'] as const;
export type Service = (typeof SERVICES)[number];

/** What dnsmasq is told at its start, for one service of a bridge. */
export function configText(bridge: Bridge, service: Service): string {
  const { metadata, spec } = bridge;
  const lines = [
    `# Made by lxcnet for Bridge/${metadata.name}: what is changed here is overwritten.`,
    `interface=${bridgeInterfaceOf(bridge)}`,
    // Addresses of the bridge only, also when they come and go; never 127.0.0.1, which is the host's own.
    'bind-dynamic',
    'except-interface=lo',
    'no-hosts',
    ...(service === 'dns' ? dnsLines(spec.dns?.upstream ?? 'None') : dhcpLines(bridge)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function dnsLines(upstream: NonNullable<Bridge['spec']['dns']>['upstream']): string[] {
  return [
    // Our names are never asked of others, nor are names of one word.
    `local=/${DOMAIN}/`,
    'domain-needed',
    ...(upstream === 'Host' ? ['resolv-file=/etc/resolv.conf', 'dns-loop-detect'] : ['no-resolv']),
    ...(typeof upstream === 'string' ? [] : upstream.map((address) => `server=${address}`)),
  ];
}

function dhcpLines(bridge: Bridge): string[] {
  return [
    'port=0',
    ...dhcpNetworks(bridge).map(
      (network) => `dhcp-range=${formatAddress(network)},static,${netmaskOf(network)},${LEASE_TIME}`,
    ),
    'dhcp-authoritative',
    // Everything about a lease is in the manifests, so nothing has to be remembered.
    'leasefile-ro',
    'no-ping',
  ];
}
