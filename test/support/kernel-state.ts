import type { NetNs } from './netns.ts';

/** What changes by itself, and says nothing about what was done. */
const UNSTEADY = new Set([
  'ifindex',
  'link_index',
  'link_netnsid',
  'handle',
  'packets',
  'bytes',
  'operstate',
  'flags',
  'valid_life_time',
  'preferred_life_time',
  'tentative',
  'metainfo',
]);

const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.forwarding',
  'net.ipv4.conf.default.forwarding',
  'net.ipv4.conf.eth0.forwarding',
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.eth0.forwarding',
  'net.ipv6.conf.eth0.accept_ra',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
];

/** Interfaces, addresses, routes, rules, the ruleset and the sysctls that matter, for before and after. */
export function kernelState(netns: NetNs): unknown {
  const routes6 = netns.json('ip', '-6', '-j', 'route', 'show', 'table', 'all') as {
    type?: string;
    dst: string;
  }[];
  return steady({
    links: netns.json('ip', '-j', '-d', 'link'),
    addresses: netns.json('ip', '-j', 'address'),
    routes: netns.json('ip', '-4', '-j', 'route', 'show', 'table', 'all'),
    // Anycast and link-local ones come by themselves, some seconds after a link is up.
    routes6: routes6.filter(
      ({ type, dst }) => type !== 'anycast' && !dst.startsWith('fe80:') && dst !== 'ff00::/8',
    ),
    rules: [netns.json('ip', '-j', 'rule'), netns.json('ip', '-6', '-j', 'rule')],
    proxies: netns.json('ip', '-j', 'neighbour', 'show', 'proxy'),
    ruleset: netns.json('nft', '-j', 'list', 'ruleset'),
    sysctls: netns.exec('sysctl', ...SYSCTLS),
  });
}

function steady(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(steady);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !UNSTEADY.has(key) && !key.endsWith('_timer'));
  return Object.fromEntries(kept.map(([key, inner]) => [key, steady(inner)]));
}
