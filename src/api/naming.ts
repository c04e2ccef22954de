import { createHash } from 'node:crypto';
import { formatAddress } from './address.ts';
import type { Bridge } from './bridge.ts';
import type { Link } from './link.ts';

/*
 * Names and MAC addresses that a manifest leaves out. They follow from the resource's name alone, so that they are the
 * same after a restart, on another machine, and before the kernel was looked at.
 */

const LONGEST_INTERFACE_NAME = 15;

/** The interface of a bridge: `spec.interface`, or its name. */
export function bridgeInterfaceOf(bridge: Bridge): string {
  return bridge.spec.interface ?? bridge.metadata.name;
}

/** The bridge's MAC address: fixed, so that it does not change with its ports. */
export function bridgeMacOf(bridge: Bridge): string {
  return bridge.spec.macAddress ?? derivedMac(`Bridge/${bridge.metadata.name}`);
}

/** The host's end of a link: `lx-NAME` where that fits and the namespace is `default`, otherwise with a hash. */
export function hostInterfaceOf(link: Link): string {
  const { name, namespace } = link.metadata;
  if (link.spec.hostInterface !== undefined) return link.spec.hostInterface;
  const plain = `lx-${name}`;
  if (namespace === 'default' && plain.length <= LONGEST_INTERFACE_NAME) return plain;
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 6);
  return `lx-${name.slice(0, 5).replace(/[.-]+$/, '')}-${hash}`;
}

/** The MAC address of the container's end of a link. */
export function macAddressOf(link: Link): string {
  return link.spec.macAddress ?? derivedMac(`Link/${link.metadata.namespace}/${link.metadata.name}`);
}

/** The link-local IPv6 address that the kernel derives from a MAC address (RFC 4291, modified EUI-64). */
export function linkLocalOf(mac: string): string {
  const octets = mac.split(':').map((octet) => parseInt(octet, 16));
  const identifier = [octets[0]! ^ 2, octets[1]!, octets[2]!, 0xff, 0xfe, octets[3]!, octets[4]!, octets[5]!];
  const value = identifier.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0xfe80n << 48n);
  return formatAddress({ family: 6, value });
}

/** A locally administered unicast address. */
function derivedMac(seed: string): string {
  const digest = createHash('sha256').update(seed).digest();
  return ['02', ...[...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
