import { type Cidr, networkOf, parseAddress, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { bridgeInterfaceOf, bridgeMacOf, macAddressOf } from '../api/naming.ts';
import { bytesPerSecond } from '../api/rate.ts';
import type { Manifest } from '../api/resource.ts';
import type { ElementSink } from './elements.ts';
import { linkAddresses, networkText } from './policy-sets.ts';
import { type Region, disjoint } from './regions.ts';

/** Adds what follows from a bridge alone: that it is ours, its default, its networks, its NAT. */
export function addBridgeElements(bridges: readonly Manifest<Bridge>[], sink: ElementSink): void {
  const networks: Region<Key>[] = [];
  for (const { key, resource } of bridges) {
    const name = bridgeInterfaceOf(resource);
    sink.add(key, 'bridges', [name]);
    if (resource.spec.defaultPolicy === 'Allow') sink.add(key, 'open_bridges', [name]);
    for (const address of resource.spec.addresses) {
      networks.push({ network: networkOf(parseCidr(address)!), ports: 'everything', owner: key });
    }
    sink.add(key, 'bridge_macs', [bridgeMacOf(resource)]);
    for (const port of resource.spec.ports) sink.add(key, 'declared_ports', [port]);
    addMasquerade(key, resource, sink);
    addResolver(key, resource, sink);
  }
  for (const family of [4, 6] as const) {
    for (const { network, owner } of disjoint(family, networks)) {
      sink.add(owner, `networks${family}`, [networkText(network)]);
    }
  }
}

function addMasquerade(key: Key, bridge: Bridge, sink: ElementSink): void {
  const { masquerade } = bridge.spec;
  if (!masquerade) return;
  const name = bridgeInterfaceOf(bridge);
  const sources = [masquerade.source ?? []].flat();
  for (const out of masquerade.interfaces ?? [undefined]) {
    if (out === undefined) sink.add(key, 'masquerade_bridge', [name]);
    else sink.add(key, 'masquerade_interfaces', [name, out]);
    for (const source of sources) {
      const { family } = parseAddress(source)!;
      if (out === undefined) sink.add(key, `snat_bridge${family}`, [name], [source]);
      else sink.add(key, `snat_interfaces${family}`, [name, out], [source]);
    }
  }
}

/** Adds what opens the bridge's own DNS and DHCP to its links. */
function addResolver(key: Key, bridge: Bridge, sink: ElementSink): void {
  const { spec } = bridge;
  const name = bridgeInterfaceOf(bridge);
  if (spec.dhcp) sink.add(key, 'dhcp_servers', [name, '255.255.255.255']);
  for (const text of spec.addresses) {
    const address = text.slice(0, text.indexOf('/'));
    const { family } = parseAddress(address)!;
    if (spec.dns) {
      sink.add(key, `resolvers${family}`, [name, address]);
      sink.add(key, `resolver_addresses${family}`, [address]);
    }
    if (spec.dhcp && family === 4) sink.add(key, 'dhcp_servers', [name, address]);
  }
}

/**
 * Adds that a link's port is declared, how much may pass it, and what the link may send as: its MAC address and its
 * addresses.
 *
 * @param dhcp Whether its bridge answers DHCP.
 */
export function addPortElements(
  { key, resource }: Manifest<Link>,
  port: string,
  dhcp: boolean,
  sink: ElementSink,
): void {
  const addresses = linkAddresses(resource);
  for (const [family, address] of addresses) sink.add(key, `self${family}`, [address, address]);
  sink.add(key, 'link_ports', [port]);
  sink.add(key, 'declared_ports', [port]);
  for (const direction of ['egress', 'ingress'] as const) {
    const rate = resource.spec.bandwidth?.[direction];
    if (rate === undefined) continue;
    sink.add(key, `bandwidth_${direction}`, [port], [String(bytesPerSecond(rate))]);
    sink.add(key, `throttled_${direction}`, [port]);
  }
  if (!resource.spec.antiSpoofing) return;
  sink.add(key, 'guarded_ports', [port]);
  sink.add(key, 'spoofed', [port]);
  sink.add(key, 'macs', [port, macAddressOf(resource)]);
  for (const [family, address] of addresses) {
    sink.add(key, `sources${family}`, [port, address]);
    if (family === 6) sink.add(key, 'nd_targets', [port, hexOf(address)]);
  }
  if (!dhcp) return;
  sink.add(key, 'dhcp_ports', [port]);
  sink.add(key, 'dhcp_clients', [
    port,
    `0x${parseInt(macAddressOf(resource).replaceAll(':', ''), 16).toString(16)}`,
  ]);
}

/** An address as nft prints a 128 bit integer. */
function hexOf(address: string): string {
  const { value }: Pick<Cidr, 'value'> = parseAddress(address)!;
  return `0x${value.toString(16).padStart(32, '0')}`;
}
