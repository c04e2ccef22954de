import { describe, expect, it } from 'vitest';
import { parseTable } from '../../src/kernel/nft-json.ts';

/*
 * What nft 1.0.6 really prints, shortened.
 */

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

describe('parseTable', () => {
  const listing = (set: object): string =>
    JSON.stringify({
      nftables: [{ metainfo: {} }, { set: { family: 'inet', table: 'lxcnet', handle: 1, ...set } }],
    });

  it('turns keys and values into the text that nft takes', () => {
    const elem = [
      {
        elem: {
          val: { concat: ['1:a', { prefix: { addr: '10.0.0.0', len: 8 } }, 6, { range: [80, 90] }] },
          counter: { packets: 7, bytes: 9 },
        },
      },
    ];
    const { elements, packets } = parseTable(
      listing({ name: 'network_port4', type: ['classid', 'ipv4_addr', 'inet_proto', 'inet_service'], elem }),
    );
    expect(elements.get('network_port4')).toEqual(new Map([['1:a . 10.0.0.0/8 . 6 . 80-90', '']]));
    expect(packets.get('network_port4')).toEqual(new Map([['1:a . 10.0.0.0/8 . 6 . 80-90', 7]]));
  });

  it('refuses what it does not know', () => {
    expect(() => parseTable(listing({ name: 'x', type: 'ifname', elem: [{ strange: 1 }] }))).toThrow(Error);
    expect(() => parseTable('{}')).toThrow(Error);
  });
});
