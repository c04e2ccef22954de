import { createHash } from 'node:crypto';
import { ND_TARGET, SETS, SET_NAMES, type Table, renderSet } from './sets.ts';

/*
 * The chains of lxcnet's tables: fixed text. Whether a packet passes is decided by the flow that it belongs to (source
 * before NAT, destination and port after), looked up anew for every packet and in both directions. So a change of
 * policy holds for running flows at once, and nothing has to be remembered in or deleted from conntrack.
 *
 * `meta priority` carries the number of the policies that apply, because it is the one field of a packet that others
 * neither set before us nor read after us; it is zeroed again. Addresses that are not known drop.
 */

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

const ROLES: readonly Roles[] = [
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

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

function chain(name: string, rules: readonly string[]): string {
  return [`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), '  }'].join('\n');
}

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

function flowChains(f: '4' | '6', roles: Roles): string[] {
  const ip = f === '4' ? 'ip' : 'ip6';
  const source = `${ip} ${roles.source}`;
  const destination = `${ip} ${roles.destination}`;
  const suffix = `${roles.direction}${f}`;
  const forwarded = PROTOCOLS.flatMap((protocol) => {
    const tuple = `meta l4proto . ct original proto-dst . ${destination} . th ${roles.port}`;
    return [
      `meta l4proto ${protocol} ${tuple} @forwarded${f} return`,
      `meta l4proto ${protocol} ${tuple} . ${source} @forwarded_from${f} return`,
    ];
  });
  return [
    chain(suffix, [
      // An address of our networks that comes from outside is a forged one.
      ...(roles.direction === 'original' ? [`iifname != @bridges ${source} @networks${f} drop`] : []),
      `jump egress_${suffix}`,
      `jump ingress_${suffix}`,
      'meta priority set 0:0',
      'accept',
    ]),
    chain(`egress_${suffix}`, [
      'meta priority set 0:0',
      `meta priority set ${source} map @egress${f}`,
      `meta priority 0:0 goto unknown_${roles.near}`,
      ...lookups(f, destination, roles.port),
      `${source} @denied_egress${f} drop`,
      'drop',
    ]),
    chain(`ingress_${suffix}`, [
      'meta priority set 0:0',
      `meta priority set ${destination} map @ingress${f}`,
      `meta priority 0:0 goto unknown_${roles.far}`,
      `ct status dnat goto forwarded_${suffix}`,
      `goto policy_${suffix}`,
    ]),
    chain(`forwarded_${suffix}`, [...forwarded, `goto policy_${suffix}`]),
    chain(`policy_${suffix}`, [
      ...lookups(f, source, roles.port),
      `${destination} @denied_ingress${f} drop`,
      'drop',
    ]),
  ];
}

function unknownChain(side: 'iifname' | 'oifname'): string {
  return chain(`unknown_${side}`, [`${side} @open_bridges return`, `${side} @bridges drop`]);
}

/** Destination NAT of one family; the more specific map comes first. */
function dnat(f: '4' | '6'): string[] {
  const ip = f === '4' ? 'ip' : 'ip6';
  const to = `dnat ${ip} to`;
  const service = 'meta l4proto . th dport';
  const local = 'fib daddr type local';
  return [
    `${to} iifname . ${ip} daddr . ${service} map @dnat_interface_address${f}`,
    `${to} ${ip} daddr . ${service} map @dnat_address${f}`,
    `meta nfproto ipv${f} ${local} ${to} iifname . ${service} map @dnat_interface${f}`,
    `meta nfproto ipv${f} ${local} ${to} ${service} map @dnat_any${f}`,
  ];
}

function hairpin(f: '4' | '6'): string[] {
  const ip = f === '4' ? 'ip' : 'ip6';
  return [
    `dnat ${ip} to ${ip} daddr . meta l4proto . th dport map @hairpin_address${f}`,
    `meta nfproto ipv${f} fib daddr type local dnat ${ip} to meta l4proto . th dport map @hairpin_any${f}`,
  ];
}

const DISPATCH = `ct direction . meta nfproto vmap { ${ROLES.flatMap(({ direction }) =>
  ['4', '6'].map((f) => `${direction} . ipv${f} : goto ${direction}${f}`),
).join(', ')} }`;

function inetChains(): string[] {
  return [
    unknownChain('iifname'),
    unknownChain('oifname'),
    ...ROLES.flatMap((roles) => [...flowChains('4', roles), ...flowChains('6', roles)]),
    chain('links', [
      'ct state { invalid, untracked } drop',
      'ct state related meta l4proto { icmp, ipv6-icmp } accept',
      DISPATCH,
      'drop',
    ]),
    chain('host', [
      // Neighbour discovery is not tracked, so it comes before everything that asks conntrack.
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
      'ct state invalid drop',
      'ct direction reply accept',
      'ct state related meta l4proto { icmp, ipv6-icmp } accept',
      'meta nfproto ipv4 jump egress_original4',
      'meta nfproto ipv6 jump egress_original6',
      'meta priority set 0:0',
      'accept',
    ]),
    chain('forward', [
      'type filter hook forward priority 5; policy accept;',
      'iifname @bridges goto links',
      'oifname @bridges goto links',
      // Forwarding was switched on for these interfaces, for our sake only.
      'meta nfproto ipv4 iifname @guarded4 drop',
      'meta nfproto ipv6 iifname @guarded6 drop',
    ]),
    chain('input', ['type filter hook input priority 5; policy accept;', 'iifname @bridges goto host']),
    chain('output', [
      'type filter hook output priority 5; policy accept;',
      // A redirect would tell a container to try its sibling directly, which an isolated port does not let through.
      'oifname @bridges icmpv6 type nd-redirect drop',
      'oifname @bridges icmp type redirect drop',
    ]),
    chain('hairpin', [...hairpin('4'), ...hairpin('6')]),
    chain('nat_prerouting', [
      'type nat hook prerouting priority -105; policy accept;',
      'iifname @bridges goto hairpin',
      ...dnat('4'),
      ...dnat('6'),
    ]),
    chain('nat_output', [
      'type nat hook output priority -105; policy accept;',
      'ip6 daddr ::1 return',
      'goto hairpin',
    ]),
    chain('martians', [
      // A bridge with a forward from 127.0.0.1 has route_localnet on; its containers must not reach it for that.
      'type filter hook prerouting priority -310; policy accept;',
      'iifname @bridges ip daddr 127.0.0.0/8 drop',
      'iifname @bridges ip saddr 127.0.0.0/8 drop',
    ]),
    chain('towards_links', [
      'ip saddr 127.0.0.0/8 masquerade',
      // A container that reaches itself through a forward has to see another address than its own.
      'ct status dnat ip saddr . ip daddr @self4 masquerade',
      'ct status dnat ip6 saddr . ip6 daddr @self6 masquerade',
    ]),
    chain('nat_postrouting', [
      'type nat hook postrouting priority 105; policy accept;',
      'oifname @bridges goto towards_links',
      'ip daddr 224.0.0.0/4 return',
      'ip6 daddr ff00::/8 return',
      ...(['4', '6'] as const).flatMap((f) => {
        const to = `meta nfproto ipv${f} snat ${f === '4' ? 'ip' : 'ip6'} to`;
        return [`${to} iifname . oifname map @snat_interfaces${f}`, `${to} iifname map @snat_bridge${f}`];
      }),
      'iifname . oifname @masquerade_interfaces masquerade',
      'iifname @masquerade_bridge masquerade',
    ]),
  ];
}

/** Anti-spoofing. It comes before everything else that a packet from a container meets. */
function bridgeChains(): string[] {
  return [
    chain('spoof', ['iifname @spoofed drop', 'drop']),
    chain('arp_source', [
      'iifname . arp saddr ether != @macs goto spoof',
      'iifname . arp saddr ip @sources4 return',
      'arp saddr ip 0.0.0.0 return',
      'goto spoof',
    ]),
    chain('ip_source', [
      'udp sport 67 goto spoof',
      'iifname . ip saddr @sources4 return',
      'ip saddr 0.0.0.0 udp sport 68 udp dport 67 return',
      'goto spoof',
    ]),
    chain('ip6_source', [
      'icmpv6 type { nd-router-advert, nd-redirect } goto spoof',
      'udp sport 547 goto spoof',
      `icmpv6 type nd-neighbor-advert @th,64,16 & 0xffc0 != 0xfe80 iifname . ${ND_TARGET} != @nd_targets goto spoof`,
      'ip6 saddr fe80::/10 return',
      'ip6 saddr :: return',
      'iifname . ip6 saddr @sources6 return',
      'goto spoof',
    ]),
    chain('guard', [
      'iifname . ether saddr != @macs goto spoof',
      'ether type vmap { arp : goto arp_source, ip : goto ip_source, ip6 : goto ip6_source }',
      'goto spoof',
    ]),
    chain('prerouting', [
      'type filter hook prerouting priority -300; policy accept;',
      'iifname @ports jump guard',
    ]),
  ];
}

function table(family: Table, chains: readonly string[]): string {
  const sets = SET_NAMES.filter((name) => SETS[name].table === family).map(renderSet);
  return [`table ${family} lxcnet {`, ...sets, ...chains, chain(LAYOUT, []), '}'].join('\n');
}

/** The name of an empty chain that carries the layout's digest: another version of lxcnet sees that it must replace it. */
export const LAYOUT = `layout_${createHash('sha256')
  .update([...SET_NAMES.map(renderSet), ...inetChains(), ...bridgeChains()].join('\n'))
  .digest('hex')
  .slice(0, 16)}`;

/** One transaction that puts empty tables in the place of whatever lxcnet had. */
export function renderSkeleton(): string {
  const families: readonly [Table, readonly string[]][] = [
    ['inet', inetChains()],
    ['bridge', bridgeChains()],
  ];
  return families
    .flatMap(([family, chains]) => [
      `add table ${family} lxcnet`,
      `delete table ${family} lxcnet`,
      table(family, chains),
      '',
    ])
    .join('\n');
}

/** One transaction that removes lxcnet's tables, whether they are there or not. */
export function renderRemoval(): string {
  return (['inet', 'bridge'] as const)
    .map((family) => `add table ${family} lxcnet\ndelete table ${family} lxcnet\n`)
    .join('');
}
