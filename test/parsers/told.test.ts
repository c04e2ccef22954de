import { describe, expect, it } from 'vitest';
import type { NamespaceView, ObservedInterface, ObservedRoute } from '../../src/kernel/observed.ts';
import { parseInterfaceEvent } from '../../src/kernel/monitor.ts';
import { isKnown, parseTold } from '../../src/kernel/told.ts';

const ETH0: ObservedInterface = {
  index: 2,
  name: 'eth0',
  kind: 'veth',
  alias: '',
  mac: '02:11:22:33:44:55',
  mtu: 1500,
  up: true,
  loopback: false,
  isolated: false,
  linkLocal: true,
  addresses: ['10.10.20.5/24', 'fd00:20::5/64'],
};
const route = (family: 4 | 6, to: string, via: string, metric: number): ObservedRoute => ({
  family,
  to,
  via,
  metric,
  type: 'unicast',
  table: 254,
  protocol: '199',
  interface: 'eth0',
});
const VIEW: NamespaceView = {
  interfaces: new Map([['eth0', ETH0]]),
  routes: [
    route(4, '0.0.0.0/0', '10.10.20.1', 0),
    route(6, '::/0', 'fd00:20::1', 1024),
    route(4, '10.9.0.1/32', '10.10.20.1', 0),
    route(4, '10.8.0.0/16', '10.10.20.1', 50),
    { ...route(4, '10.7.0.0/16', '10.10.20.1', 0), table: 100 },
  ],
  proxies: new Set(),
};
const ETHER = String.raw`\    link/ether 02:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff link-netnsid 0`;
const link = (flags: string, mtu = 1500, ether = ETHER, name = 'eth0'): string =>
  `2: ${name}@if3: <${flags}> mtu ${mtu} qdisc noqueue state UP group default ${ether}`;
const LIFE = String.raw`\       valid_lft forever preferred_lft forever`;

/** As Debian's `ip -o monitor … all-nsid` printed them, without the id; the names are those of its own namespace. */
describe('an event of another namespace', () => {
  it.each([
    link('BROADCAST,MULTICAST,UP,LOWER_UP'),
    link('NO-CARRIER,BROADCAST,MULTICAST,UP,LOWER_UP'),
    `2: br0    inet 10.10.20.5/24 scope global eth0${LIFE}`,
    `2: br0    inet6 fd00:20:0::5/64 scope global nodad ${LIFE}`,
    `2: br0    inet6 fe80::11:22ff:fe33:4455/64 scope link ${LIFE}`,
    '10.10.20.0/24 dev br0 proto kernel scope link src 10.10.20.5 ',
    'fd00:20::/64 dev br0 proto kernel metric 256 pref medium',
    'default via 10.10.20.1 dev br0 proto 199 ',
    '10.9.0.1 via 10.10.20.1 dev br0 proto 199 ',
    'default via fd00:20::1 dev br0 proto 199 metric 1024 pref medium',
  ])('tells nothing new: %s', (text) => {
    expect(isKnown(parseTold(text)!, VIEW)).toBe(true);
  });

  it.each([
    link('BROADCAST,MULTICAST'),
    link('BROADCAST,MULTICAST,UP', 1400),
    link('BROADCAST,MULTICAST,UP', 1500, String.raw`\    link/ether 02:11:22:33:44:56 brd ff:ff:ff:ff:ff:ff`),
    link('BROADCAST,MULTICAST,UP', 1500, ETHER, 'eth1'),
    `2: br0    inet 10.10.20.5/16 scope global eth0${LIFE}`,
    `2: br0    inet6 fd00:20::6/64 scope global ${LIFE}`,
    `3: br0    inet 10.10.20.5/24 scope global eth0${LIFE}`,
    'default via 10.10.20.2 dev br0 proto 199 ',
    'default via 10.10.20.1 dev br0 proto boot ',
    '10.7.0.0/16 via 10.10.20.1 dev br0 proto 199 ',
    '10.8.0.0/16 via 10.10.20.1 dev br0 proto 199 ',
  ])('tells something new: %s', (text) => {
    expect(isKnown(parseTold(text)!, VIEW)).toBe(false);
  });

  it.each([
    'blackhole 10.9.0.0/16 proto 199 metric 5 ',
    '10.8.0.0/16 via 10.10.20.1 dev br0 proto 199 metric 50 ',
    'default via 10.10.20.1 dev br0 table 100 proto 199 ',
    String.raw`10.8.0.0/16 proto 199 \	nexthop via 10.10.20.1 dev br0 weight 1 \	nexthop via 10.10.20.2 dev br0 weight 1 `,
    'default via 10.10.20.1 dev br0 proto 199 onlink ',
    '5: x: garbage',
    '',
  ])('may be told in a way that is not read, and is reason to look: %s', (text) => {
    expect(parseTold(text)).toBeUndefined();
  });

  it('of something that is gone tells nothing that is so now', () => {
    const text = `2: br0    inet 10.10.20.5/24 scope global eth0${LIFE}`;
    expect(parseInterfaceEvent(`[nsid 0]${text}`)).toHaveProperty('told');
    expect(parseInterfaceEvent(`[nsid 0]Deleted ${text}`)).not.toHaveProperty('told');
  });
});
