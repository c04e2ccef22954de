import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Cidr, contains, formatCidr, networkOf, overlaps, parseCidr } from '../../src/api/address.ts';
import { type PortRange, type Region, disjoint, subtract } from '../../src/netfilter/regions.ts';

const cidr = (text: string): Cidr => parseCidr(text)!;

/** Networks close to each other, so that they nest and meet. */
const network = fc
  .tuple(fc.nat(255), fc.nat(8))
  .map(([value, length]): Cidr => networkOf({ family: 4, value: BigInt(value), prefix: 24 + length }));
const range = fc
  .tuple(fc.constantFrom(6, 17), fc.nat(9), fc.nat(4))
  .map(([protocol, first, more]): PortRange => ({ protocol, first, last: first + more }));
const region = fc
  .tuple(
    network,
    fc.oneof(fc.constant('everything' as const), fc.array(range, { minLength: 1, maxLength: 2 })),
  )
  .map(([net, ports]): Region<number> => ({ network: net, ports, owner: 1 }));

function allows(regions: readonly Region<number>[], value: bigint, protocol: number, port: number): boolean {
  return regions.some(
    ({ network: net, ports }) =>
      contains(net, { family: 4, value }) &&
      (ports === 'everything' ||
        ports.some((each) => each.protocol === protocol && each.first <= port && port <= each.last)),
  );
}

it('disjoint pieces allow exactly what the regions allow together', () => {
  fc.assert(
    fc.property(
      fc.array(region, { maxLength: 6 }),
      fc.nat(255),
      fc.constantFrom(6, 17, 132),
      fc.nat(15),
      (regions, value, protocol, port) => {
        expect(allows(disjoint(4, regions), BigInt(value), protocol, port)).toBe(
          allows(regions, BigInt(value), protocol, port),
        );
      },
    ),
    { numRuns: 3_000 },
  );
});

it('disjoint pieces do not overlap', () => {
  fc.assert(
    fc.property(fc.array(region, { maxLength: 6 }), (regions) => {
      const pieces = disjoint(4, regions).flatMap(
        ({ network: net, ports }): { net: Cidr; range?: PortRange }[] =>
          ports === 'everything' ? [{ net }] : ports.map((each) => ({ net, range: each })),
      );
      for (const [index, one] of pieces.entries()) {
        for (const other of pieces.slice(index + 1)) {
          const samePorts =
            (one.range === undefined) === (other.range === undefined) &&
            (one.range === undefined ||
              (one.range.protocol === other.range!.protocol &&
                one.range.first <= other.range!.last &&
                other.range!.first <= one.range.last));
          expect(samePorts && overlaps(one.net, other.net)).toBe(false);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

it('subtract leaves the prefixes around the exceptions', () => {
  expect(subtract(cidr('10.0.0.0/8'), [cidr('10.64.0.0/10')]).map(formatCidr)).toEqual([
    '10.0.0.0/10',
    '10.128.0.0/9',
  ]);
  expect(subtract(cidr('10.0.0.0/8'), [cidr('10.0.0.0/8')])).toEqual([]);
  expect(subtract(cidr('fd00::/8'), [cidr('10.0.0.0/8')]).map(formatCidr)).toEqual(['fd00::/8']);
});

it('a network that adds nothing to the one around it is no piece of its own', () => {
  const pieces = disjoint(4, [
    { network: cidr('10.0.0.0/8'), ports: [{ protocol: 6, first: 1, last: 100 }], owner: 1 },
    { network: cidr('10.1.0.0/16'), ports: [{ protocol: 6, first: 50, last: 60 }], owner: 2 },
  ]);
  expect(pieces.map(({ network: net, owner }) => [formatCidr(net), owner])).toEqual([['10.0.0.0/8', 1]]);
});
