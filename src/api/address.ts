import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 6. */
export type Family = 4 | 6;

/** An IP address as a number, which is what comparing, masking and sorting need. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with a prefix length: an interface address (host bits kept) or a network. */
export interface Cidr extends Address {
  readonly prefix: number;
}

/** The bits of an address of this family: 32 or 128. */
export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address. Strict: `010.0.0.1`, `10.1`, zone ids and white space are refused.
 *
 * @returns `undefined` for anything that is not exactly one address.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { family: 4, value: text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n) };
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, value: parseIpv6(text) };
}

function parseIpv6(text: string): bigint {
  const [head = '', tail] = embeddedIpv4AsHex(text).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function embeddedIpv4AsHex(text: string): string {
  const match = /^(?<head>.*:)(?<quad>\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (!match?.groups) return text;
  const value = parseAddress(match.groups.quad!)!.value;
  return `${match.groups.head!}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** The canonical text of an address (RFC 5952 for IPv6), as the kernel's tools print it. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  }
  // inet_ntop prints these two ranges with a dotted quad, and so do ip and nft.
  if (value >> 32n === 0xffffn) return `::ffff:${formatAddress({ family: 4, value: value & 0xffffffffn })}`;
  if (value >> 32n === 0n && value >> 16n !== 0n) return `::${formatAddress({ family: 4, value })}`;
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The canonical text of an address; anything else stays as it is. */
export function canonicalAddress(text: string): string {
  const address = parseAddress(text);
  return address ? formatAddress(address) : text;
}

function longestZeroRun(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0n) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/**
 * Reads `ADDRESS/PREFIX`, keeping host bits.
 *
 * @returns `undefined` for anything else.
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(?<address>[^/]+)\/(?<prefix>0|[1-9]\d{0,2})$/.exec(text);
  const address = match?.groups && parseAddress(match.groups.address!);
  if (!match?.groups || !address) return undefined;
  const prefix = Number(match.groups.prefix);
  return prefix <= addressBits(address.family) ? { ...address, prefix } : undefined;
}

/** The canonical text of `ADDRESS/PREFIX`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefix}`;
}

/** The same prefix with the host bits cleared. */
export function networkOf(cidr: Cidr): Cidr {
  const hostBits = BigInt(addressBits(cidr.family) - cidr.prefix);
  return { ...cidr, value: (cidr.value >> hostBits) << hostBits };
}

/** Whether the network contains the address. */
export function contains(network: Cidr, address: Address): boolean {
  if (network.family !== address.family) return false;
  const hostBits = BigInt(addressBits(network.family) - network.prefix);
  return network.value >> hostBits === address.value >> hostBits;
}

/** Whether two networks share an address. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.prefix <= other.prefix ? contains(one, other) : contains(other, one);
}
