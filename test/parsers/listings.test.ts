import { describe, expect, it } from 'vitest';
import { parseNamespace } from '../../src/kernel/ip-json.ts';
import { parseTable } from '../../src/kernel/nft-json.ts';

/*
 * What iproute2 6.1 and nft 1.0.6 really print, shortened.
 */

const VETH = {
  ifindex: 3,
  link_index: 2,
  ifname: 'lx-vm1',
  flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
  mtu: 1500,
  master: 'br0',
  group: 'default',
  address: 'ea:7c:bd:7c:c1:6b',
  link_netnsid: 0,
  linkinfo: {
    info_kind: 'veth',
    info_slave_kind: 'bridge',
    info_slave_data: { state: 'forwarding', isolated: true, locked: false },
  },
  ifalias: 'lxcnet:Link/default/vm1',
  addr_info: [
    { family: 'inet', local: '10.10.20.1', prefixlen: 24, scope: 'global', label: 'lx-vm1' },
    { family: 'inet6', local: 'fd00:20::1', prefixlen: 64, scope: 'global', nodad: true },
    { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link', tentative: true },
    {},
  ],
};

function namespace(links: unknown, routes: unknown = [], proxies: unknown = []) {
  return parseNamespace([links, routes, proxies].map((answer) => `${JSON.stringify(answer)}\n`).join(''));
}

describe('a listing of interfaces', () => {
  it('is reduced to what lxcnet looks at', () => {
    expect(namespace([VETH]).interfaces.get('lx-vm1')).toEqual({
      index: 3,
      name: 'lx-vm1',
      kind: 'veth',
      alias: 'lxcnet:Link/default/vm1',
      group: 'default',
      mac: 'ea:7c:bd:7c:c1:6b',
      mtu: 1500,
      up: true,
      loopback: false,
      master: 'br0',
      isolated: true,
      peerIndex: 2,
      peerNamespaceId: 0,
      linkLocal: true,
      addresses: ['10.10.20.1/24', 'fd00:20::1/64'],
    });
  });

  it('may lack what hardware and lo lack', () => {
    const lo = { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK'], mtu: 65536 };
    expect(namespace([lo]).interfaces.get('lo')).toMatchObject({
      kind: '',
      alias: '',
      up: false,
      loopback: true,
      linkLocal: false,
      addresses: [],
    });
  });
});

describe('a listing of routes', () => {
  it('keeps every field that a Route may set', () => {
    const route = {
      type: 'unicast',
      dst: '10.8.0.0/16',
      gateway: '10.10.20.2',
      dev: 'br0',
      table: '100',
      protocol: '199',
      scope: 'global',
      prefsrc: '10.10.20.1',
      metric: 5,
      flags: [],
      metrics: [{ mtu: 1400 }],
    };
    expect(namespace([], [route]).routes).toEqual([
      {
        family: 4,
        to: '10.8.0.0/16',
        type: 'unicast',
        table: 100,
        metric: 5,
        protocol: '199',
        via: '10.10.20.2',
        interface: 'br0',
        source: '10.10.20.1',
        mtu: 1400,
      },
    ]);
  });

  it('keeps several next hops, and an IPv6 next hop of an IPv4 route', () => {
    const several = {
      dst: '10.9.0.0/16',
      nexthops: [
        { gateway: '10.10.20.2', dev: 'br0', weight: 1, flags: [] },
        { gateway: '10.10.20.3', dev: 'br0', weight: 2, flags: [] },
      ],
    };
    const mixed = { dst: '10.77.0.0/16', via: { family: 'inet6', host: 'fd00:20::5' }, dev: 'br0' };
    const { routes } = namespace([], [several, mixed]);
    expect(routes[0]!.nextHops).toEqual([
      { via: '10.10.20.2', interface: 'br0', weight: 1 },
      { via: '10.10.20.3', interface: 'br0', weight: 2 },
    ]);
    expect(routes[1]).toMatchObject({ family: 4, via: 'fd00:20::5' });
  });

  it('writes out the prefix length of a single address', () => {
    const routes = [{ dst: '10.0.0.1' }, { dst: 'fd00::1', pref: 'medium' }];
    expect(namespace([], routes).routes.map(({ to }) => to)).toEqual(['10.0.0.1/32', 'fd00::1/128']);
  });
});

it('a listing of proxies says which device answers for which address', () => {
  const proxies = [{ dst: 'fd00:20:0::10', dev: 'br0', proxy: null }];
  expect([...namespace([], [], proxies).proxies]).toEqual(['br0 fd00:20::10']);
});

describe('a listing of tables', () => {
  const counter = { packets: 3, bytes: 180 };
  const table = (...members: object[]) =>
    parseTable(JSON.stringify({ nftables: [{ metainfo: {} }, ...members] }));

  it('has the elements of maps, with a counter or without', () => {
    const { elements, packets } = table(
      {
        map: {
          name: 'dnat_interface4',
          type: ['ifname', 'inet_proto', 'inet_service'],
          map: 'ipv4_addr . inet_service',
          elem: [[{ elem: { val: { concat: ['eth0', 6, 80] }, counter } }, { concat: ['10.0.0.1', 8080] }]],
        },
      },
      { map: { name: 'ingress4', type: 'ipv4_addr', map: 'classid', elem: [['10.0.0.1', '1:2']] } },
    );
    expect([...elements.get('dnat_interface4')!]).toEqual([['"eth0" . 6 . 80', '10.0.0.1 . 8080']]);
    expect([...packets.get('dnat_interface4')!]).toEqual([['"eth0" . 6 . 80', 3]]);
    expect([...elements.get('ingress4')!]).toEqual([['10.0.0.1', '1:2']]);
    expect(packets.get('ingress4')!.size).toBe(0);
  });

  it('has elements whose counters nft was asked to leave out', () => {
    const elem = [{ elem: { val: '10.0.0.1', counter: null } }];
    const { elements, packets } = table({ set: { name: 'denied_egress4', type: 'ipv4_addr', elem } });
    expect([...elements.get('denied_egress4')!]).toEqual([['10.0.0.1', '']]);
    expect(packets.get('denied_egress4')!.size).toBe(0);
  });

  it.each([
    [
      { rate: 1250, burst: 64, per: 'second', inv: true, rate_unit: 'kbytes', burst_unit: 'kbytes' },
      'over 1280000',
    ],
    [
      { rate: 3, burst: 65536, per: 'second', inv: true, rate_unit: 'mbytes', burst_unit: 'bytes' },
      'over 3145728',
    ],
    [{ rate: 9, burst: 65536, per: 'second', rate_unit: 'bytes', burst_unit: 'bytes' }, '9'],
  ])('has the limit of an element in bytes: %j', (limit, rate) => {
    const { elements } = table({
      set: { name: 'bandwidth_egress', type: 'ifname', elem: [{ elem: { val: 'lx-vm1', limit } }] },
    });
    expect([...elements.get('bandwidth_egress')!]).toEqual([
      ['"lx-vm1"', `limit rate ${rate} bytes/second burst 65536 bytes`],
    ]);
  });

  it('does not repeat of each element how many packets a set lets pass', () => {
    const limit = { rate: 5, burst: 10, per: 'second' };
    const { elements } = table({
      set: { name: 'logged4', type: 'ipv4_addr', elem: [{ elem: { val: '10.0.0.1', limit } }] },
    });
    expect([...elements.get('logged4')!]).toEqual([['10.0.0.1', '']]);
  });

  it('has the elements of sets of each sort', () => {
    const { elements } = table(
      { set: { name: 'bridges', type: 'ifname', elem: ['br0'] } },
      {
        set: { name: 'networks6', type: 'ipv6_addr', elem: [{ prefix: { addr: '::', len: 1 } }, 'fd00::1'] },
      },
      { set: { name: 'everything', type: 'classid', elem: [{ elem: { val: '7:8', counter } }] } },
      { set: { name: 'nd_targets', type: ['ifname', 'integer'], elem: [{ concat: ['lx-vm1', '0xfd00'] }] } },
      { set: { name: 'empty', type: 'ifname' } },
    );
    expect(Object.fromEntries([...elements].map(([name, each]) => [name, [...each.keys()]]))).toEqual({
      bridges: ['"br0"'],
      networks6: ['::/1', 'fd00::1'],
      everything: ['7:8'],
      nd_targets: [`"lx-vm1" . 0x${'fd00'.padStart(32, '0')}`],
      empty: [],
    });
  });

  const chain = (more: object = {}) => ({ chain: { name: 'forward', handle: 2, policy: 'drop', ...more } });
  const rule = (more: object = {}) => ({
    rule: { chain: 'forward', handle: 9, expr: [{ drop: null }], ...more },
  });
  const set = (more: object = {}) => ({ set: { name: 'bridges', type: 'ifname', handle: 5, ...more } });

  it('has a fingerprint that handles and elements do not change', () => {
    const before = table(set(), chain(), rule());
    const after = table(set({ handle: 6, elem: ['br0'] }), chain({ handle: 7 }), rule({ handle: 8 }));
    expect(after.fingerprint).toBe(before.fingerprint);
    expect([...after.chains]).toEqual(['forward']);
  });

  it.each([
    ['a rule was added', [set(), chain(), rule(), rule({ handle: 10 })]],
    ['a rule was removed', [set(), chain()]],
    ['a rule was changed', [set(), chain(), rule({ expr: [{ accept: null }] })]],
    ['a policy was changed', [set(), chain({ policy: 'accept' }), rule()]],
    ['a set has room for some elements only', [set({ size: 3 }), chain(), rule()]],
    ['elements of a set go after a time', [set({ timeout: 60 }), chain(), rule()]],
    ['a set has another type', [set({ type: 'ipv4_addr' }), chain(), rule()]],
  ])('has another fingerprint where %s', (_, members) => {
    expect(table(...members).fingerprint).not.toBe(table(set(), chain(), rule()).fingerprint);
  });
});
