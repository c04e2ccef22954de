import fc from 'fast-check';
import { isIP } from 'node:net';
import { expect, it } from 'vitest';
import {
  contains,
  formatAddress,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
} from '../../src/api/address.ts';
import { linkLocalOf } from '../../src/api/naming.ts';

const address = fc.oneof(fc.ipV4(), fc.ipV6());

it('reads what node reads as an address, and writes a form that is read as the same', () => {
  fc.assert(
    fc.property(address, (text) => {
      const parsed = parseAddress(text)!;
      const written = formatAddress(parsed);
      expect(isIP(written)).toBe(parsed.family);
      expect(parseAddress(written)).toEqual(parsed);
      // The URL parser knows RFC 5952 too, but for the dotted quads that inet_ntop prints.
      if (parsed.family === 6 && !written.includes('.'))
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${written}]`);
    }),
    { numRuns: 2_000 },
  );
});

it.each(['010.0.0.1', '10.1', '1.2.3.4 ', 'fe80::1%eth0', '::1::', '256.0.0.1', '', '1.2.3.4/8'])(
  'refuses %j',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

it.each(['10.0.0.1', '10.0.0.1/33', '10.0.0.1/08', '10.0.0.1/', 'fd00::/129', '10.0.0.1/-1'])(
  'refuses %j as a network',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

it('an address is in its own network, and networks overlap where one has an address of the other', () => {
  fc.assert(
    fc.property(address, fc.nat(32), fc.nat(32), (text, one, other) => {
      const parsed = parseAddress(text)!;
      const [wide, narrow] = [Math.min(one, other), Math.max(one, other)].map((prefix) =>
        networkOf({ ...parsed, prefix }),
      );
      expect(contains(wide!, parsed)).toBe(true);
      expect(overlaps(wide!, narrow!)).toBe(true);
    }),
  );
});

it('a link-local address follows from a MAC address as in the kernel', () => {
  expect(linkLocalOf('00:11:22:33:44:55')).toBe('fe80::211:22ff:fe33:4455');
  expect(linkLocalOf('02:00:00:00:00:01')).toBe('fe80::ff:fe00:1');
});
