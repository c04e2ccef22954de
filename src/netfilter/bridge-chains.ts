import { chain } from './chain.ts';
import { DHCP_HARDWARE, ND_TARGET } from './sets.ts';

/** What a kernel can do of it. */
export interface BridgeOptions {
  readonly bandwidth: boolean;
}

/**
 * Anti-spoofing, undeclared ports, and limits of bandwidth. They come before everything else that a packet from a container
 * meets, and after everything else that one to a container does.
 */
export function bridgeChains({ bandwidth }: BridgeOptions): string[] {
  const limit = (rule: string): readonly string[] => (bandwidth ? [rule] : []);
  return [
    ...limit(chain('over_egress', ['iifname @throttled_egress drop', 'drop'])),
    ...limit(chain('over_ingress', ['oifname @throttled_ingress drop', 'drop'])),
    chain('spoof', ['iifname @spoofed drop', 'drop']),
    chain('arp_source', [
      'iifname . arp saddr ether != @macs goto spoof',
      'iifname . arp saddr ip @sources4 return',
      'arp saddr ip 0.0.0.0 return',
      'goto spoof',
    ]),
    chain('ip_source', [
      'udp sport 67 goto spoof',
      // Nobody asks for, gives back or declines the lease of another.
      `udp dport 67 iifname @dhcp_ports iifname . ${DHCP_HARDWARE} != @dhcp_clients goto spoof`,
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
      'iifname @strangers drop',
      'iifname @guarded_ports jump guard',
      'ether daddr @bridge_macs iifname != @declared_ports drop',
      // Last: what is dropped for another reason uses up nothing.
      ...limit('iifname @bandwidth_egress goto over_egress'),
    ]),
    // Which bridge a port is of cannot be asked here. So what is closed is the way to and from the host and the links,
    // to everything that is not declared: before an event has told of a new port, and without the daemon, too.
    chain('forward', [
      'type filter hook forward priority -300; policy accept;',
      'oifname @link_ports iifname != @declared_ports drop',
      'iifname @link_ports oifname != @declared_ports drop',
    ]),
    chain('postrouting', [
      'type filter hook postrouting priority -300; policy accept;',
      'oifname @strangers drop',
      'ether saddr @bridge_macs oifname != @declared_ports drop',
      ...limit('oifname @bandwidth_ingress goto over_ingress'),
    ]),
  ];
}
