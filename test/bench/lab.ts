import { hostInterfaceOf, macAddressOf } from '../../src/api/naming.ts';
import type { Link } from '../../src/api/link.ts';
import { Namespace } from './support.ts';
import { HOST_ADDRESS, addressOf, linkManifest } from './world.ts';

export const OUTSIDE_ADDRESS = '192.168.254.2';

/** A client outside, a host, and one container behind an isolated port of br0; the others are elements only. */
export interface Lab {
  readonly outside: Namespace;
  readonly host: Namespace;
  readonly container: Namespace;
  readonly remove: () => void;
}

/** @param index Which of the world's links the container is. */
export function makeLab(label: string, index: number): Lab {
  const outside = new Namespace(`${label}-out`);
  const host = new Namespace(`${label}-host`);
  const container = new Namespace(`${label}-c`);
  const resource = linkManifest(index).resource as Link;
  const port = hostInterfaceOf(resource);
  const gateway = addressOf(index).replace(/\.\d+\.\d+$/, '.0.1');
  outside.ip(
    `link add eth0 type veth peer name eth0 netns ${host.name}`,
    `address add ${OUTSIDE_ADDRESS}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${HOST_ADDRESS}`,
  );
  const bridge = resource.spec.bridge;
  host.ip(
    `address add ${HOST_ADDRESS}/24 dev eth0`,
    'link set eth0 up',
    `link add ${bridge} type bridge`,
    `address add ${gateway}/16 dev ${bridge}`,
    `link set ${bridge} up`,
    `link add ${port} type veth peer name eth0 address ${macAddressOf(resource)} netns ${container.name}`,
    `link set ${port} master ${bridge}`,
    `link set ${port} type bridge_slave isolated on`,
    `link set ${port} up`,
  );
  container.ip(
    `address add ${addressOf(index)}/16 dev eth0`,
    'link set eth0 up',
    `route add default via ${gateway}`,
  );
  host.sysctl('net.ipv4.ip_forward', '1');
  host.sysctl('net.netfilter.nf_conntrack_udp_timeout', '1');
  host.sysctl('net.bridge.bridge-nf-call-iptables', '0');
  const remove = (): void => [outside, host, container].forEach((namespace) => namespace.remove());
  return { outside, host, container, remove };
}

/** Drops every UDP packet as it arrives, so that the receiver costs the same whatever was sent. */
export function swallowUdp(where: Namespace): void {
  where.run(
    ['nft', '-f', '-'],
    `add table netdev swallow
    add chain netdev swallow arrive { type filter hook ingress device eth0 priority 0; }
    add rule netdev swallow arrive ip protocol udp drop`,
  );
}

/** Packets that have arrived at a namespace. */
export function received(where: Namespace): number {
  return Number(/eth0:\s*\d+\s+(\d+)/.exec(where.run(['cat', '/proc/net/dev']))![1]);
}
