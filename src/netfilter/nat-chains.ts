import { chain } from './chain.ts';

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
    `dnat ${ip} to ${ip} daddr . meta l4proto . th dport map @dnat_hairpin_address${f}`,
    `meta nfproto ipv${f} fib daddr type local dnat ${ip} to meta l4proto . th dport map @dnat_hairpin_any${f}`,
  ];
}

/** Destination NAT for forwards, source NAT for what leaves the host. */
export function natChains(): string[] {
  return [
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
