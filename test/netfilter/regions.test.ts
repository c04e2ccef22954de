import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Address,
  type Cidr,
  type Family,
  addressBits,
  contains,
  formatCidr,
  networkOf,
  overlaps,
  parseCidr,
} from '../../src/api/address.ts';
import { type PortRange, type Region, disjoint, subtract } from '../../src/netfilter/regions.ts';

type Named = Region<string>;

const TCP = 6;
const UDP = 17;

function net(text: string): Cidr {
  return parseCidr(text)!;
}

function region(network: string, ports: readonly PortRange[] | 'everything', owner = 'a'): Named {
  return { network: net(network), ports, owner };
}

function tcp(first: number, last = first): PortRange {
  return { protocol: TCP, first, last };
}

function texts(regions: readonly Named[]): string[] {
  return regions.map(({ network, ports, owner }) => {
    const ranges = ports === 'everything' ? ports : ports.map((range) => `${range.first}-${range.last}`);
    return `${formatCidr(network)} ${String(ranges)} ${owner}`;
  });
}

function allows({ network, ports }: Named, address: Address, protocol: number, port: number): boolean {
  return (
    contains(network, address) &&
    (ports === 'everything' ||
      ports.some((range) => range.protocol === protocol && range.first <= port && port <= range.last))
  );
}

/** Few addresses and ports, so that regions meet often. */
function regionsOf(family: Family): fc.Arbitrary<Named[]> {
  const bits = addressBits(family);
  const base = family === 4 ? 0x0a000000n : 0xfd00n << 112n;
  const prefix = fc.oneof(fc.integer({ min: bits - 4, max: bits }), fc.constantFrom(0, 8, bits - 8));
  const network = fc
    .record({ offset: fc.bigInt({ min: 0n, max: 15n }), prefix })
    .map((parts) => networkOf({ family, value: base + parts.offset, prefix: parts.prefix }));
  const range = fc
    .record({
      protocol: fc.constantFrom(TCP, UDP),
      first: fc.integer({ min: 0, max: 9 }),
      length: fc.integer({ min: 0, max: 4 }),
    })
    .map(({ protocol, first, length }): PortRange => ({ protocol, first, last: first + length }));
  const ports = fc.oneof(
    { weight: 4, arbitrary: fc.array(range, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant('everything' as const) },
  );
  return fc.array(fc.record({ network, ports, owner: fc.constantFrom('a', 'b', 'c') }), { maxLength: 8 });
}

function probes(family: Family): { address: Address; protocol: number; port: number }[] {
  const base = family === 4 ? 0x0a000000n : 0xfd00n << 112n;
  const values = [0n, base - 1n, ...Array.from({ length: 18 }, (_, offset) => base + BigInt(offset))];
  return values.flatMap((value) =>
    [TCP, UDP].flatMap((protocol) =>
      Array.from({ length: 15 }, (_, port) => ({ address: { family, value }, protocol, port })),
    ),
  );
}

function rangesMeet(one: Named['ports'], other: Named['ports']): boolean {
  if (one === 'everything' || other === 'everything') return true;
  return one.some((a) =>
    other.some((b) => a.protocol === b.protocol && a.first <= b.last && b.first <= a.last),
  );
}

describe('subtract', () => {
  it('is the network itself where no exception meets it', () => {
    expect(subtract(net('10.0.0.0/8'), [net('11.0.0.0/8'), net('fd00::/8')])).toEqual([net('10.0.0.0/8')]);
  });

  it('leaves the halves around an exception', () => {
    const rest = subtract(net('10.0.0.0/24'), [net('10.0.0.64/26')]);
    expect(rest.map(formatCidr)).toEqual(['10.0.0.0/26', '10.0.0.128/25']);
  });

  it('leaves nothing of a network that an exception covers', () => {
    expect(subtract(net('10.0.0.0/24'), [net('10.0.0.0/24')])).toEqual([]);
    expect(subtract(net('10.0.0.0/24'), [net('10.0.0.0/16')])).toEqual([]);
  });

  it('cuts one address out of everything', () => {
    expect(subtract(net('::/0'), [net('fd00::1/128')])).toHaveLength(128);
    expect(subtract(net('0.0.0.0/0'), [net('10.0.0.1/32')])).toHaveLength(32);
  });
});

describe('disjoint', () => {
  it('is empty without regions', () => {
    expect(disjoint(4, [])).toEqual([]);
  });

  it('leaves out the other family', () => {
    expect(disjoint(6, [region('10.0.0.0/8', 'everything')])).toEqual([]);
  });

  it('counts an overlap of ports for the first owner', () => {
    const pieces = disjoint(4, [
      region('10.0.0.0/8', [tcp(80, 90)]),
      region('10.0.0.0/8', [tcp(85, 95)], 'b'),
    ]);
    expect(texts(pieces)).toEqual(['10.0.0.0/8 80-95 a']);
  });

  it('joins adjacent ranges of one protocol, and not those of different protocols', () => {
    const pieces = disjoint(4, [
      region('10.0.0.0/8', [tcp(80), tcp(81), { protocol: UDP, first: 82, last: 82 }]),
    ]);
    expect(texts(pieces)).toEqual(['10.0.0.0/8 80-81 a', '10.0.0.0/8 82-82 a']);
  });

  it('keeps a wide network whole where a narrow one inside it adds nothing', () => {
    const pieces = disjoint(4, [region('10.1.0.0/16', [tcp(80)]), region('10.0.0.0/8', [tcp(1, 100)], 'b')]);
    expect(texts(pieces)).toEqual(['10.0.0.0/8 1-100 b']);
  });

  it('cuts a wide network around a narrow one that allows more', () => {
    const pieces = disjoint(4, [region('0.0.0.0/0', [tcp(80)]), region('128.0.0.0/1', 'everything', 'b')]);
    expect(texts(pieces)).toEqual(['0.0.0.0/1 80-80 a', '128.0.0.0/1 everything b']);
  });

  for (const family of [4, 6] as const) {
    it(`allows exactly what the regions together allow (IPv${family})`, () => {
      fc.assert(
        fc.property(regionsOf(family), (regions) => {
          const pieces = disjoint(family, regions);
          const wrong = probes(family).filter(
            ({ address, protocol, port }) =>
              regions.some((one) => allows(one, address, protocol, port)) !==
              pieces.some((piece) => allows(piece, address, protocol, port)),
          );
          expect(wrong).toEqual([]);
        }),
        { numRuns: 60 },
      );
    });

    it(`makes pieces that never overlap (IPv${family})`, () => {
      const meet = (one: Named, other: Named): boolean =>
        overlaps(one.network, other.network) && rangesMeet(one.ports, other.ports);
      fc.assert(
        fc.property(regionsOf(family), (regions) => {
          const pieces = disjoint(family, regions);
          const bad = pieces.filter((one, index) =>
            pieces.slice(index + 1).some((other) => meet(one, other)),
          );
          expect(texts(bad)).toEqual([]);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('gives each piece to an owner whose region contains it', () => {
    fc.assert(
      fc.property(regionsOf(4), (regions) => {
        for (const piece of disjoint(4, regions)) {
          const owned = regions.filter(({ owner }) => owner === piece.owner);
          expect(owned.some(({ network }) => overlaps(network, piece.network))).toBe(true);
        }
      }),
    );
  });
});
