import {
  type Cidr,
  type Family,
  addressBits,
  contains,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
} from '../api/address.ts';
import type { PortRange } from './rule.ts';

/*
 * Values as the old tools write them. `undefined` stands for what they would not accept, or what only a resolver knows.
 */

const SERVICES: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  http: 80,
  pop3: 110,
  ntp: 123,
  imap: 143,
  imap2: 143,
  snmp: 161,
  ldap: 389,
  https: 443,
  submissions: 465,
  submission: 587,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  mysql: 3306,
  postgresql: 5432,
  'http-alt': 8080,
};

/** `80` or `http`. */
function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text)
    ? Number(text)
    : Object.hasOwn(SERVICES, text)
      ? SERVICES[text]
      : undefined;
  return port !== undefined && port >= 1 && port <= 65535 ? port : undefined;
}

/** `80`, or a range with this separator. */
export function parsePorts(text: string, separator: ':' | '-'): PortRange | undefined {
  // A service's name may contain a hyphen.
  const single = parsePort(text);
  if (single !== undefined) return { from: single, to: single };
  const parts = text.split(separator);
  const [from, to] = parts.map(parsePort);
  return parts.length === 2 && from !== undefined && to !== undefined && from <= to
    ? { from, to }
    : undefined;
}

/** An address, or a network with its length or mask, in canonical form, with its host bits cleared as rules take it. */
export function parseNetwork(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed || rest.length > 0) return undefined;
  const prefix = length === undefined ? addressBits(parsed.family) : prefixOf(length);
  const cidr = parseCidr(`${address}/${prefix ?? ''}`);
  return cidr && networkOf(cidr);
}

/** The length that `24` or `255.255.255.0` means. */
export function prefixOf(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  const mask = parseAddress(text);
  if (mask?.family !== 4) return undefined;
  const ones = mask.value.toString(2).padStart(32, '0').indexOf('0');
  const prefix = ones < 0 ? 32 : ones;
  return mask.value === (0xffffffffn >> BigInt(32 - prefix)) << BigInt(32 - prefix) ? prefix : undefined;
}

/** The length that an address has by its class, which is what LXC and ifconfig take where none is given. */
export function classfulPrefix(text: string): number | undefined {
  const address = parseAddress(text);
  if (!address) return undefined;
  if (address.family === 6) return 64;
  const first = Number(address.value >> 24n);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/** Every address of a family. */
export function everything(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}

/** A network that is one address: that address. */
export function singleAddress(text: string): string | undefined {
  const cidr = parseCidr(text);
  if (!cidr) return undefined;
  return cidr.prefix === addressBits(cidr.family) ? formatAddress(cidr) : undefined;
}

/** The network of an address with its length. */
export function networkTextOf(text: string): string {
  return formatCidr(networkOf(parseCidr(text)!));
}

/** Whether all of one network is in another. */
export function isInside(inner: string, outer: string): boolean {
  const [one, other] = [parseCidr(inner), parseCidr(outer)];
  if (!one || !other) return false;
  return one.prefix >= other.prefix && contains(other, one);
}

export function familyOf(text: string): Family {
  return text.includes(':') ? 6 : 4;
}
