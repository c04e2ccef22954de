import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, concatText } from '../../src/nftables/atoms.ts';
import { MessagePart } from '../../src/rtnetlink/answer.ts';

/* That the kernel has the same bytes for the same text is tested with the kernel, in kernel/many-elements.test.ts. */

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(''));
const number = (most: number): fc.Arbitrary<string> => fc.integer({ min: 0, max: most }).map(String);
const TEXTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ifname: fc.stringMatching(/^[A-Za-z0-9_.+@:=,%~-]{1,15}$/).map((name) => `"${name}"`),
  classid: fc.oneof(
    fc.constantFrom('none', 'root'),
    fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 1, max: 0xfffe }))
      .map((parts) => parts.map((part) => part.toString(16)).join(':')),
  ),
  ipv4_addr: fc.tuple(number(255), number(255), number(255), number(255)).map((octets) => octets.join('.')),
  ipv6_addr: hex(4).map((group) => `fd00:${Number.parseInt(`1${group.slice(1)}`, 16).toString(16)}::1`),
  ether_addr: hex(12).map((digits) => digits.match(/../g)!.join(':')),
  inet_proto: number(255),
  inet_service: number(65_535),
  nd_target: hex(14).map((digits) => `0xfd${digits}0000000000000001`.padEnd(34, '0')),
  dhcp_hardware: hex(11).map((digits) => `0x2${digits}`),
};
const types = Object.keys(TEXTS);

describe('keys and values', () => {
  it('are the same text again when their bytes are read', () => {
    const some = fc
      .array(fc.constantFrom(...types), { minLength: 1, maxLength: 4 })
      .chain((chosen) => fc.tuple(fc.constant(chosen), fc.tuple(...chosen.map((type) => TEXTS[type]!))));
    fc.assert(
      fc.property(some, ([chosen, texts]) => {
        const text = texts.join(' . ');
        expect(concatText(new MessagePart(concatBytes(text, chosen)), chosen)).toBe(text);
      }),
    );
  });

  it('are padded to four bytes each, but where there is only one', () => {
    expect([...concatBytes('"a" . 6 . 258', ['ifname', 'inet_proto', 'inet_service'])]).toEqual([
      97,
      ...Array.from({ length: 15 }, () => 0),
      ...[6, 0, 0, 0],
      ...[1, 2, 0, 0],
    ]);
    expect([...concatBytes('258', ['inet_service'])]).toEqual([1, 2]);
  });

  it.each([
    ['ifname', '"sixteen-letters-"'],
    ['ifname', '"a*"'],
    ['ifname', 'a'],
    ['ifname', '""'],
    ['classid', '1'],
    ['classid', '10000:1'],
    ['ipv4_addr', '10.0.0.0/24'],
    ['ipv4_addr', 'fd00::1'],
    ['ipv6_addr', '10.0.0.1'],
    ['ether_addr', '02:00:00:00:00'],
    ['ether_addr', '02:00:00:00:00:zz'],
    ['inet_proto', '256'],
    ['inet_proto', 'tcp'],
    ['inet_service', '65536'],
    ['inet_service', '80-90'],
    ['inet_service', ''],
    ['nd_target', 'fd'],
    ['dhcp_hardware', '0x1234567890abc'],
    ['mark', '1'],
  ])('of type %s are not %s', (type, text) => {
    expect(() => concatBytes(text, [type])).toThrow(RangeError);
  });

  it('have as many parts as types', () => {
    expect(() => concatBytes('1 . 2', ['inet_service'])).toThrow(RangeError);
    expect(() => concatBytes('1', ['inet_service', 'inet_service'])).toThrow(RangeError);
  });
});
