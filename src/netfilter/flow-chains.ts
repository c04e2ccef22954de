import { chain } from './chain.ts';
import type { Listening } from './sets.ts';

/** The number of the nfnetlink group to which denied packets are logged. */
const LOG_GROUP = 199;

/** What not every kernel can do. */
export interface FlowOptions {
  readonly logged: boolean;
}

/** What differs between the two directions of a flow. In the forward hook a reply has the roles of its fields swapped. */
interface Roles {
  readonly direction: 'original' | 'reply';
  readonly source: 'saddr' | 'daddr';
  readonly destination: 'saddr' | 'daddr';
  readonly port: 'dport' | 'sport';
  /** The interface on the source's side. */
  readonly near: 'iifname' | 'oifname';
  readonly far: 'iifname' | 'oifname';
}

export const ROLES: readonly Roles[] = [
  {
    direction: 'original',
    source: 'saddr',
    destination: 'daddr',
    port: 'dport',
    near: 'iifname',
    far: 'oifname',
  },
  {
    direction: 'reply',
    source: 'daddr',
    destination: 'saddr',
    port: 'sport',
    near: 'oifname',
    far: 'iifname',
  },
];

/** The lookups that let a flow pass; the number of its policies is in `meta priority`. */
function lookups(f: '4' | '6', peer: string, port: string): string[] {
  return [
    `meta priority . ${peer} . meta l4proto . th ${port} @peer_port${f} return`,
    `meta priority . meta l4proto . th ${port} @port return`,
    'meta priority @everything return',
    `meta priority . ${peer} @peer${f} return`,
    `meta priority . ${peer} @network${f} return`,
    `meta priority . ${peer} . meta l4proto . th ${port} @network_port${f} return`,
    `meta priority . meta l4proto @protocol return`,
    `meta priority . ${peer} . meta l4proto @peer_protocol${f} return`,
  ];
}

/** What decides about a flow of one family, seen in one of its directions. */
export function flowChains(f: '4' | '6', roles: Roles, options: FlowOptions): string[] {
  const ip = f === '4' ? 'ip' : 'ip6';
  const source = `${ip} ${roles.source}`;
  const destination = `${ip} ${roles.destination}`;
  const suffix = `${roles.direction}${f}`;
  return [
    chain(suffix, [
      // An address of our networks that comes from outside is a forged one. Those of Links are looked up once more: the
      // elements of an interval set are found a moment later than those of others when tables are made anew.
      ...(roles.direction === 'original'
        ? [
            `iifname != @bridges ${source} @networks${f} drop`,
            `iifname != @bridges ${source} @denied_egress${f} drop`,
          ]
        : []),
      `jump egress_${suffix}`,
      `jump ingress_${suffix}`,
      'meta priority set 0:0',
      'accept',
    ]),
    chain(`egress_${suffix}`, [
      'meta priority set 0:0',
      `meta priority set ${source} map @egress${f}`,
      ...unnumbered(`${source} @denied_egress${f}`, roles.near),
      ...lookups(f, destination, roles.port),
      ...denialLog(roles, options, 'egress', `${source} @logged${f}`),
      `${source} @denied_egress${f} drop`,
      'drop',
    ]),
    chain(`ingress_${suffix}`, [
      'meta priority set 0:0',
      `meta priority set ${destination} map @ingress${f}`,
      ...unnumbered(`${destination} @denied_ingress${f}`, roles.far),
      `ct status dnat goto forwarded_${suffix}`,
      `goto policy_${suffix}`,
    ]),
    chain(`forwarded_${suffix}`, [
      `meta l4proto != { tcp, udp, sctp } goto policy_${suffix}`,
      'meta priority set 0:0',
      ...permits(f, roles.direction, `${destination} . th ${roles.port}`),
      `meta priority . ${destination} . th ${roles.port} @forwarded${f} return`,
      `meta priority . ${destination} . th ${roles.port} . ${source} @forwarded_from${f} return`,
      'meta priority set 0:0',
      `meta priority set ${destination} map @ingress${f}`,
      `goto policy_${suffix}`,
    ]),
    chain(`policy_${suffix}`, [
      ...lookups(f, source, roles.port),
      ...denialLog(roles, options, 'ingress', `${destination} @logged${f}`),
      `${destination} @denied_ingress${f} drop`,
      'drop',
    ]),
  ];
}

/**
 * The kernel's log shows only what happens in the host's first network namespace; whoever listens to the group of
 * nfnetlink sees it in every one.
 */
function denialLog(
  { direction }: Roles,
  { logged }: FlowOptions,
  policy: 'egress' | 'ingress',
  match: string,
): string[] {
  const prefix = `prefix "lxcnet denied ${policy}: "`;
  return logged && direction === 'original'
    ? [`${match} log ${prefix} level info log ${prefix} group ${LOG_GROUP}`]
    : [];
}

/** In each rule anew: nft 1.0.6 knows the type of `ct original proto-dst` only where the rule says the protocol. */
const PORTS = 'meta l4proto { tcp, udp, sctp }';

/**
 * The number of the forward that a flow came by, in the order in which the destination NAT looks. Replies may
 * leave by another interface than the one that the client came in by, so for them what the forwards allow together counts.
 */
function permits(f: '4' | '6', direction: Roles['direction'], target: string): string[] {
  const service = 'meta l4proto . ct original proto-dst';
  if (direction === 'reply')
    return [`${PORTS} meta priority set ${service} . ${target} map @permit_reply${f}`];
  const address = `ct original ${f === '4' ? 'ip' : 'ip6'} daddr`;
  const lookup = (side: string, key: string, map: Listening): string =>
    `meta priority 0:0 ${side} ${PORTS} meta priority set ${key} map @permit_${map}${f}`;
  const within = 'iifname @bridges';
  const outside = 'iifname != @bridges';
  return [
    lookup(within, `${address} . ${service}`, 'hairpin_address'),
    lookup(within, service, 'hairpin_any'),
    lookup(outside, `iifname . ${address} . ${service}`, 'interface_address'),
    lookup(outside, `${address} . ${service}`, 'address'),
    lookup(outside, `iifname . ${service}`, 'interface'),
    lookup(outside, service, 'any'),
  ];
}

/** A Link whose number somebody deleted is closed, on a bridge that is open to addresses of no Link, too. */
function unnumbered(isOfLink: string, side: Roles['near']): string[] {
  return [`meta priority 0:0 ${isOfLink} drop`, `meta priority 0:0 goto unknown_${side}`];
}

/** For addresses of no Link. */
export function unknownChain(side: 'iifname' | 'oifname'): string {
  return chain(`unknown_${side}`, [`${side} @open_bridges return`, `${side} @bridges drop`]);
}
