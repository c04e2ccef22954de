import { describe, expect, it } from 'vitest';
import { batchErrors } from '../../src/kernel/ip.ts';
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
    expect(parseInterfaceEvent('[nsid 12]10.3.0.0/16 via 10.1.1.2 dev va ')).toEqual({
      part: 'namespace',
      id: 12,
      group: 'route',
    });
  });
});

describe('the words of ip', () => {
  const errors = (stderr: string, lines: number, exitCode = 1) =>
    batchErrors({ stdout: '', stderr, exitCode, pid: 1 }, lines);

  it('are told without their prefixes, several in one, and without the usage', () => {
    const stderr =
      'Usage: ip link ...\nError: argument "x" is wrong: mtu\nCannot find device "br0"\nCommand failed -:1\n';
    expect(errors(stderr, 1)).toEqual(['argument "x" is wrong: mtu; Cannot find device "br0"']);
  });

  it('may be none', () => {
    expect(errors('Command failed -:2\n', 2)).toEqual([undefined, 'ip gave no reason']);
    expect(errors('', 1, 255)).toEqual(['ip gave no reason']);
  });

  it("about a line that was never sent are nobody's", () => {
    expect(errors('RTNETLINK answers: File exists\nCommand failed -:9\n', 2)).toHaveLength(2);
  });

  it('without a failure are warnings', () => {
    expect(errors('Warning: something\n', 1, 0)).toEqual([undefined]);
  });
});
