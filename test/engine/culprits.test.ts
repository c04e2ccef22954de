import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ask, findCulprits } from '../../src/engine/culprits.ts';
import { type Element, elementId } from '../../src/netfilter/elements.ts';
import type { Unit } from '../../src/netfilter/units.ts';
import { key } from '../netfilter/fixture.ts';

const ELEMENTS = 8;

/** A unit with an element for each of these numbers. */
function unit(name: string, count = ELEMENTS): Unit {
  const owner = key(`Link/default/${name}`);
  const additions = Array.from({ length: count }, (_, index): Element => ({
    set: 'sources4',
    key: `"${name}" . 10.0.0.${index}`,
    value: '',
    owner,
  }));
  return { name: owner, owners: new Set([owner]), difference: { removals: [], additions } };
}

const idsOf = (units: readonly Unit[]): string[] =>
  units.flatMap(({ difference }) => difference.additions.map(elementId));

/** Refuses whatever has one of these elements in it; counts. */
function kernel(bad: readonly string[]): { readonly ask: Ask; readonly asked: () => number } {
  let asked = 0;
  const ask: Ask = (units) => {
    asked++;
    const culprit = idsOf(units).find((id) => bad.includes(id));
    return Promise.resolve(culprit && `no ${culprit}`);
  };
  return { ask, asked: () => asked };
}

describe('of units that are refused', () => {
  it('exactly those with a bad element are found, and the element is named', async () => {
    const units = Array.from({ length: 40 }, (_, index) => unit(`vm${index}`));
    const ids = fc.subarray(idsOf(units), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(ids, async (bad) => {
        const { ask, asked } = kernel(bad);
        const culprits = await findCulprits(units, ask);
        const guilty = units.filter((one) => idsOf([one]).some((id) => bad.includes(id)));
        expect(culprits.map((culprit) => culprit.unit)).toEqual(guilty);
        for (const { element, words, unit: one } of culprits) {
          expect(elementId(element!)).toBe(idsOf([one]).find((id) => bad.includes(id)));
          expect(words).toMatch(/^no sources4/);
        }
        // All of it once; then of 40 units, and of 8 elements.
        expect(asked()).toBeLessThanOrEqual(2 + guilty.length * (1 + 6 + 1 + 3));
      }),
    );
  });

  it('the later one is to blame where two exclude each other', async () => {
    const units = ['a', 'b', 'c'].map((name) => unit(name, 1));
    const both = (some: readonly Unit[]): boolean =>
      [units[0]!, units[2]!].every((one) => some.some(({ name }) => name === one.name));
    const culprits = await findCulprits(units, (some) => Promise.resolve(both(some) ? 'overlap' : undefined));
    expect(culprits).toEqual([
      { unit: units[2], words: 'overlap', element: units[2]!.difference.additions[0] },
    ]);
  });

  it('none is to blame where everything is refused, or all is accepted together', async () => {
    const units = [unit('a'), unit('b')];
    expect(await findCulprits(units, () => Promise.resolve('no'))).toEqual([]);
    expect(await findCulprits(units, () => Promise.resolve(undefined))).toEqual([]);
  });

  it('what is left after too many questions counts as refused, and what was accepted does not', async () => {
    const units = Array.from({ length: 64 }, (_, index) => unit(`vm${index}`, 1));
    const { ask, asked } = kernel(idsOf(units.slice(16)));
    const culprits = await findCulprits(units, ask, 20);
    expect(asked()).toBe(20);
    expect(culprits.map((culprit) => culprit.unit)).toEqual(units.slice(16));
    expect(culprits[0]).toMatchObject({
      words: 'no sources4 "vm16" . 10.0.0.0',
      element: { key: '"vm16" . 10.0.0.0' },
    });
    expect(culprits.at(-1)).toEqual({
      unit: units.at(-1),
      words: 'so much was refused that this could not be tried yet',
    });
  });
});
