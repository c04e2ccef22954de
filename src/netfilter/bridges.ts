import { type Cidr, networkOf, parseAddress, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { bridgeInterfaceOf, bridgeMacOf, macAddressOf } from '../api/naming.ts';
import type { Manifest } from '../api/resource.ts';
import type { ElementCollector } from './elements.ts';
import { linkAddresses, networkText } from './policy-sets.ts';
import { type Region, disjoint } from './regions.ts';

/** Adds what follows from a bridge alone: that it is ours, its default, its networks, its NAT. */
export function addBridgeElements(bridges: readonly Manifest<Bridge>[], collector: ElementCollector): void {
  const networks: Region<Key>[] = [];
  for (const { key, resource } of bridges) {
    const name = bridgeInterfaceOf(resource);
    collector.add(key, 'bridges', [name]);
    if (resource.spec.defaultPolicy === 'Allow') collector.add(key, 'open_bridges', [name]);
    for (const address of resource.spec.addresses) {
      networks.push({ network: networkOf(parseCidr(address)!), ports: 'everything', owner: key });
    }
    collector.add(key, 'bridge_macs', [bridgeMacOf(resource)]);
    for (const port of resource.spec.ports) collector.add(key, 'declared_ports', [port]);
    addMasquerade(key, resource, collector);
  }
  for (const family of [4, 6] as const) {
    for (const { network, owner } of disjoint(family, networks)) {
      collector.add(owner, `networks${family}`, [networkText(network)]);
    }
  }
}

function addMasquerade(key: Key, bridge: Bridge, collector: ElementCollector): void {
  const { masquerade } = bridge.spec;
  if (!masquerade) return;
  const name = bridgeInterfaceOf(bridge);
  const sources = [masquerade.source ?? []].flat();
  for (const out of masquerade.interfaces ?? [undefined]) {
    if (out === undefined) collector.add(key, 'masquerade_bridge', [name]);
    else collector.add(key, 'masquerade_interfaces', [name, out]);
    for (const source of sources) {
      const { family } = parseAddress(source)!;
      if (out === undefined) collector.add(key, `snat_bridge${family}`, [name], [source]);
      else collector.add(key, `snat_interfaces${family}`, [name, out], [source]);
    }
  }
}

/** Adds that a link's port is declared, and what the link may send as: its MAC address and its addresses, on its port. */
export function addSourceElements(
  links: readonly Manifest<Link>[],
  portOf: (link: Manifest<Link>) => string,
  collector: ElementCollector,
): void {
  for (const link of links) {
    for (const [family, address] of linkAddresses(link.resource)) {
      collector.add(link.key, `self${family}`, [address, address]);
    }
    const port = portOf(link);
    collector.add(link.key, 'link_ports', [port]);
    collector.add(link.key, 'declared_ports', [port]);
    if (!link.resource.spec.antiSpoofing) continue;
    collector.add(link.key, 'guarded_ports', [port]);
    collector.add(link.key, 'spoofed', [port]);
    collector.add(link.key, 'macs', [port, macAddressOf(link.resource)]);
    for (const [family, address] of linkAddresses(link.resource)) {
      collector.add(link.key, `sources${family}`, [port, address]);
      if (family === 6) collector.add(link.key, 'nd_targets', [port, hexOf(address)]);
    }
  }
}

/** An address as nft prints a 128 bit integer. */
function hexOf(address: string): string {
  const { value }: Pick<Cidr, 'value'> = parseAddress(address)!;
  return `0x${value.toString(16).padStart(32, '0')}`;
}
