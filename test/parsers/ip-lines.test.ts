import { describe, expect, it } from 'vitest';
import { parseInterfaceEvent } from '../../src/kernel/monitor.ts';

describe('a line of the monitor', () => {
  it.each([
    [
      '[nsid current]Deleted 2: va    inet 10.1.2.1/24 scope global va\\       valid_lft forever',
      { group: 'address', device: 'va' },
    ],
    [
      '[nsid current]2: va    inet6 fd00:7::1/64 scope global nodad \\       valid_lft forever',
      { group: 'address', device: 'va' },
    ],
    [
      '[nsid current]2: va@NONE: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN',
      { group: 'link', device: 'va' },
    ],
    ['[nsid current]Deleted 10.4.0.0/16 via 10.1.2.2 dev va ', { group: 'route' }],
    ['[nsid current]local fd00:7::1 dev va table local proto static', { group: 'route' }],
    ['[nsid current]blackhole 10.5.0.0/16 ', { group: 'route' }],
  ])('%s is about the host', (line, rest) => {
    expect(parseInterfaceEvent(line)).toEqual({ part: 'host', ...rest });
  });

  it.each(['[nsid current]inet6 va forwarding off mc_forwarding off', '[nsid current]Deleted inet va '])(
    '%s is about forwarding',
    (line) => {
      expect(parseInterfaceEvent(line)).toEqual({ part: 'switch' });
    },
  );

  it("is of no interest where it is the kernel's own bookkeeping", () => {
    const line = '[nsid current]local fd00:7::1 dev va table local proto kernel metric 0 pref medium';
    expect(parseInterfaceEvent(line)).toBeUndefined();
  });

  it('may be about a namespace that a veth leads to', () => {
    expect(parseInterfaceEvent('[nsid 0]Deleted 2: if2    inet 10.1.1.1/24 scope global vb')).toEqual({
      part: 'namespace',
      id: 0,
      group: 'address',
    });
    // No id of a namespace is that large; as a number it would be infinite.
    expect(parseInterfaceEvent(`[nsid ${'1'.repeat(400)}]10.3.0.0/16`)).toMatchObject({ part: 'host' });
    expect(parseInterfaceEvent('[nsid 12]10.3.0.0/16 via 10.1.1.2 dev va ')).toEqual({
      part: 'namespace',
      id: 12,
      group: 'route',
    });
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
