/** RTA_* and RTAX_MTU of linux/rtnetlink.h: the attributes of a route. */
export const RTA = {
  destination: 1,
  device: 4,
  gateway: 5,
  priority: 6,
  source: 7,
  metrics: 8,
  multipath: 9,
  table: 15,
  via: 18,
} as const;
export const RTAX_MTU = 2;

/** RTN_*, by the names that `ip` has for them. */
export const ROUTE_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'unicast'],
  [2, 'local'],
  [3, 'broadcast'],
  [4, 'anycast'],
  [5, 'multicast'],
  [6, 'blackhole'],
  [7, 'unreachable'],
  [8, 'prohibit'],
  [9, 'throw'],
]);

/** RTPROT_*: who has made a route, as far as it has a name of its own in the kernel's headers. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [8, 'gated'],
  [9, 'ra'],
  [10, 'mrt'],
  [11, 'zebra'],
  [12, 'bird'],
  [13, 'dnrouted'],
  [14, 'xorp'],
  [15, 'ntk'],
  [16, 'dhcp'],
  [18, 'keepalived'],
  [42, 'babel'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
  [189, 'rip'],
  [192, 'eigrp'],
]);
const NUMBERS = new Map([...PROTOCOLS].map(([number, name]) => [name, number]));

/** The name of a routing protocol, as `ip` prints it without names of the machine's own; else its number. */
export function protocolName(number: number): string {
  return PROTOCOLS.get(number) ?? String(number);
}

/** @returns `undefined` for what is neither a name nor a number. */
export function protocolNumber(text: string): number | undefined {
  return NUMBERS.get(text) ?? (/^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : undefined);
}
