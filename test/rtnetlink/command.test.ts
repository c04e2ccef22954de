import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandRequest } from '../../src/rtnetlink/command.ts';
import { MessagePart } from '../../src/rtnetlink/answer.ts';
import type { NetlinkRequest } from '../../src/rtnetlink/message.ts';

const request = (line: string, namespace?: string): NetlinkRequest =>
  commandRequest(line.split(' '), namespace);

describe('a command in the words of ip', () => {
  it.each([
    '',
    'link',
    'link bla',
    'link add name br0',
    'link add name br0 type',
    'link add name v0 type vxlan',
    'link add name br0 mtu many type bridge',
    'link add name br0 mtu 4294967296 type bridge',
    'link add name v0 type veth',
    'link add name v0 type veth peer name v1 colour red',
    'link set dev v0 address 02:00:00:00:00',
    'link set dev v0 type bridge_slave isolated maybe',
    'link set dev v0 addrgenmode random',
    'link set dev v0 up down',
    'link delete dev',
    'link delete dev v0 v1',
    'address add 10.0.0.1 dev v0',
    'address add 10.0.0.1/33 dev v0',
    'address add 10.0.0.1/24 dev v0 home',
    'route add 10.0.0.0/8 via nowhere',
    'route add 10.0.0.0/8 proto 256',
    'route add 10.0.0.0/8 nexthop via 10.0.0.1 weight 300',
    'route list',
    'neighbour add proxy fd00::/64 dev v0',
    'neighbour flush dev v0 v1',
    'rule add from 10.0.0.1',
  ])('%j that is not known here is refused', (line) => {
    expect(() => request(line)).toThrow(RangeError);
  });

  it('names the word that it cannot read', () => {
    expect(() => request('link set dev v0 mtu big')).toThrow(
      `Cannot read "big" in the command 'ip link set dev v0 mtu big'`,
    );
  });

  it('says whose numbers it needs, and where these belong', () => {
    const { message, blanks } = request(
      'link add name v0 mtu 1400 type veth peer name eth0 address 02:00:00:00:00:01 mtu 1400',
      '/proc/1/fd/9',
    );
    expect(blanks).toEqual([{ kind: 'namespace', value: '/proc/1/fd/9', offset: message.length - 4 }]);
    expect(request('link set dev v0 master br0').blanks.map(({ kind, value }) => [kind, value])).toEqual([
      ['interface', 'v0'],
      ['interface', 'br0'],
    ]);
  });

  it('is a message that is as long as it says, whatever its words are', () => {
    const word = fc.oneof(
      fc.constantFrom(
        ...'link add set delete name dev type veth peer bridge up mtu alias address route via table nexthop'.split(
          ' ',
        ),
      ),
      fc.constantFrom('10.0.0.0/8', 'fd00::1', 'fd00::/64', '02:00:00:00:00:01', '1400', 'v0'),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    let written = 0;
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }),
        fc.constantFrom('link set dev v0', 'route add', ''),
        (words, start) => {
          const args = [...start.split(' ').filter(Boolean), ...words];
          let made: NetlinkRequest;
          try {
            made = commandRequest(args);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
            return;
          }
          written++;
          expect(new MessagePart(made.message).u32(0)).toBe(made.message.length);
          for (const { offset } of made.blanks) expect(offset + 4).toBeLessThanOrEqual(made.message.length);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(written).toBeGreaterThan(0);
  });

  it('is refused where it is longer than any message', () => {
    expect(() => request(`link set dev v0 alias ${'x'.repeat(5_000)}`)).toThrow(RangeError);
  });
});
