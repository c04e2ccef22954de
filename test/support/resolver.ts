import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';
import type { NetNs } from './netns.ts';

const script = (name: string): string => join(import.meta.dirname, name);

/** What a DNS server said: the response code (0 found, 3 no such name, 5 refused) and the answers, sorted. */
interface DnsReply {
  readonly code?: number;
  readonly answers?: readonly string[];
  readonly failure?: string;
}

/** What a DHCP server said; options by number, in hexadecimal. */
interface DhcpReply {
  readonly answer: 'OFFER' | 'ACK' | 'NAK' | 'none';
  readonly address?: string;
  readonly options?: Readonly<Record<string, string>>;
}

interface Question {
  readonly type?: 'A' | 'AAAA' | 'PTR';
  readonly protocol?: 'UDP' | 'TCP';
}

/** Asks a DNS server; for type PTR the name is an address. */
export function ask(
  from: NetNs,
  server: string,
  name: string,
  { type = 'A', protocol = 'UDP' }: Question = {},
): DnsReply {
  const argv = ['python3', '-I', '-S', script('dns-client.py'), server, name, type, protocol];
  return JSON.parse(from.exec(...argv)) as DnsReply;
}

/** Sends one DHCP message by eth0, on behalf of a MAC address that may be another's. */
export function dhcp(
  from: NetNs,
  message: 'DISCOVER' | 'REQUEST' | 'DECLINE' | 'RELEASE',
  mac: string,
  ...rest: readonly string[]
): DhcpReply {
  const argv = ['python3', '-I', '-S', script('dhcp-client.py'), 'eth0', message, mac, ...rest];
  return JSON.parse(from.exec(...argv)) as DhcpReply;
}

/** What busybox' DHCP client was told, by its own names (`ip`, `router`, `dns`, …); `undefined` where nobody answered. */
export function udhcpc(from: NetNs): Readonly<Record<string, string>> | undefined {
  const also = ['mtu', 'search', 'staticroutes'].flatMap((name) => ['-O', name]);
  const argv = [
    'busybox',
    'udhcpc',
    '-i',
    'eth0',
    '-fnq',
    '-t',
    '3',
    '-T',
    '1',
    '-s',
    script('udhcpc.sh'),
    ...also,
  ];
  const { stderr, status } = from.run(argv);
  if (status !== 0) return undefined;
  const pairs = stderr.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** Whether another dnsmasq runs than that one; while it is being started again there is no file with its id. */
export function isAnotherResolver(lab: Lab, name: string, before: number): boolean {
  try {
    return ![before, 0].includes(resolverPid(lab, name));
  } catch {
    return false;
  }
}

/** The process id of a dnsmasq. */
export function resolverPid(lab: Lab, name = 'br0/dns'): number {
  return Number(readFileSync(join(lab.directory, 'run/resolvers', name, 'pid'), 'utf8'));
}
