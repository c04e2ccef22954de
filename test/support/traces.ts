import type { Lab } from './lab.ts';
import { filterText } from './netfilter-drift.ts';
import type { NetNs } from './netns.ts';

const LOOKS = [
  'ip -br -d link | sed "s/@if[0-9]*//; s/[0-9a-f:]*,*M-DOWN//"',
  'ip -o -d link | sed -n "s/^[0-9]*: \\([^:@]*\\).* mtu \\([0-9]*\\) .*/\\1 mtu \\2/p"',
  'ip -o -4 address; ip -o -6 address show scope global',
  'ip route show table all; ip -6 route show table all | grep -v -e fe80: -e ff00: -e anycast',
  'ip neighbour show proxy',
  'grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv[46]/conf/*/forwarding /proc/sys/net/ipv6/conf/*/force_forwarding',
  'grep -H . /proc/sys/net/ipv4/conf/*/proxy_arp_pvlan /proc/sys/net/ipv4/conf/*/send_redirects /proc/sys/net/ipv4/conf/*/route_localnet /proc/sys/net/ipv6/conf/*/proxy_ndp',
  'ip -o link | grep -o "alias .*"',
  'ip -o link | sed -n "s/^[0-9]*: \\([^:@]*\\).* master \\([^ ]*\\) .*/\\1 master \\2/p"',
  'ss -Hlntu | awk "{ print \\$1, \\$5 }"',
  'ip -o -d link show type veth | sed -n "s/^[0-9]*: \\([^:@]*\\).* isolated \\([a-z]*\\).*/\\1 isolated \\2/p"',
];

/** Everything that lxcnet may have left in the kernel, in an order of its own. @returns lines. */
export function traces(lab: Lab, containers: readonly NetNs[]): readonly string[] {
  const of = (netns: NetNs): string[] =>
    netns
      .run(['sh', '-c', LOOKS.join('; ')])
      .stdout.replace(/@if\d+/g, '')
      // These have a MAC address of the kernel's choice; link-local addresses follow from such.
      .replace(/^((?:lx-|h\d|eth0 )\S* +\S+ +)[0-9a-f:]{17}/gm, '$1')
      .split('\n')
      // The kernel adds the route for multicast some time after a link is up, and not to all.
      .filter((line) => !/fe80:|multicast ff00:/.test(line))
      .map((line) => `${netns.name}: ${line.replace(/^\d+: |\s+/g, ' ').trim()}`)
      .sort();
  return [...[lab.host, ...containers].flatMap(of), ...filterText(lab.host).split('\n')].map((line) =>
    line.replaceAll(lab.prefix, ''),
  );
}
