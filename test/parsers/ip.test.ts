import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNamespace } from '../../src/kernel/ip-json.ts';
import { batchErrors, renderIpCommand } from '../../src/kernel/ip.ts';
import { parseInterfaceEvent } from '../../src/kernel/monitor.ts';
import { parseTable } from '../../src/kernel/nft-json.ts';

describe('renderIpCommand', () => {
  it.each(['', ' ', 'a b', 'a\nlink delete eth0', 'a\t', '"', "'", '#', '\\', '\u0000', 'é', '\u2028'])(
    'refuses %j',
    (argument) => {
      expect(() => renderIpCommand(['link', 'set', argument])).toThrow(RangeError);
    },
  );

  it('never makes more than the words that it was given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        (args) => {
          let line: string;
          try {
            line = renderIpCommand(args);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            return;
          }
          expect(line.split(/\s+/)).toEqual(args);
        },
      ),
    );
  });
});

describe('batchErrors', () => {
  const result = (stderr: string, exitCode: number | undefined): Parameters<typeof batchErrors>[0] => ({
    stdout: '',
    stderr,
    exitCode,
    pid: 1,
  });

  it('gives each failed line its own words', () => {
    const stderr =
      'RTNETLINK answers: File exists\nCommand failed -:2\nError: Nexthop has invalid gateway.\nCommand failed -:4\n';
    expect(batchErrors(result(stderr, 1), 4)).toEqual([
      undefined,
      'File exists',
      undefined,
      'Nexthop has invalid gateway.',
    ]);
  });

  it('tells every line where the program died', () => {
    expect(batchErrors(result('spawn ip ENOENT', undefined), 2)).toEqual([
      'spawn ip ENOENT',
      'spawn ip ENOENT',
    ]);
    expect(batchErrors(result('', 0), 2)).toEqual([undefined, undefined]);
  });
});

describe('parseNamespace', () => {
  const answers = (links: string, routes = '[]', proxies = '[]'): string =>
    [links, routes, proxies].map((line) => `${line}\n`).join('');

  it('reads default routes of both families, and IPv6 routes without a device', () => {
    const routes = JSON.stringify([
      {
        type: 'unicast',
        dst: 'default',
        gateway: '10.0.0.1',
        dev: 'eth0',
        table: 'main',
        protocol: '199',
        flags: [],
      },
      {
        type: 'unicast',
        dst: 'default',
        gateway: 'fe80::1',
        dev: 'eth0',
        metric: 1024,
        pref: 'medium',
        flags: [],
      },
      {
        type: 'blackhole',
        dst: 'fd00::/8',
        dev: 'lo',
        table: '500',
        metric: 1024,
        pref: 'medium',
        flags: [],
      },
    ]);
    expect(parseNamespace(answers('[]', routes)).routes).toMatchObject([
      { family: 4, to: '0.0.0.0/0', via: '10.0.0.1', table: 254, metric: 0, protocol: '199' },
      { family: 6, to: '::/0', via: 'fe80::1' },
      { family: 6, to: 'fd00::/8', type: 'blackhole', table: 500 },
    ]);
    expect(parseNamespace(answers('[]', routes)).routes[2]).not.toHaveProperty('interface');
  });

  it.each([answers('{}'), answers('[{"ifindex":"1"}]'), '[]\n', '[]\n[]\nnot json\n', ''])(
    'refuses %j as a whole',
    (text) => {
      expect(() => parseNamespace(text)).toThrow(Error);
    },
  );

  it('throws nothing but errors, whatever it is given', () => {
    fc.assert(
      fc.property(fc.tuple(fc.json(), fc.json(), fc.json()), (parts) => {
        try {
          parseNamespace(parts.map((part) => `${part}\n`).join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 300 },
    );
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

describe('parseInterfaceEvent', () => {
  it.each([
    [
      '[nsid current]2: br0: <BROADCAST,MULTICAST> mtu 1400 qdisc noop state DOWN',
      { part: 'host', group: 'link', device: 'br0' },
    ],
    ['[nsid current]Deleted 3: v0@if2: <BROADCAST> mtu 1500', { part: 'host', group: 'link', device: 'v0' }],
    // A name that is not one plain word is not one to ask for.
    ['[nsid current]3: v$0@if2: <BROADCAST> mtu 1500', { part: 'host', group: 'link' }],
    [
      '[nsid 4]Deleted 2: eth0    inet 10.1.0.5/24 scope global',
      { part: 'namespace', id: 4, group: 'address' },
    ],
    [
      '[nsid 4]2: eth0    inet 10.1.0.5/24 scope global eth0',
      { part: 'namespace', id: 4, group: 'address', told: { index: 2, address: '10.1.0.5/24' } },
    ],
    ['[nsid current]default via 10.0.0.1 dev eth0', { part: 'host', group: 'route' }],
    ['[nsid current]inet br0 forwarding off rp_filter off', { part: 'switch' }],
    [
      'netlink receive error No buffer space available (105)',
      { part: 'unknown', monitor: 'ip', reason: 'events were lost' },
    ],
    ['', undefined],
  ])('reads %j', (line, event) => {
    expect(parseInterfaceEvent(line)).toEqual(event);
  });
});
