import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { type FilterWrite, filterDrift } from '../../src/engine/filter-drift.ts';
import type { Element } from '../../src/netfilter/elements.ts';

const BRIDGE = 'Bridge/br0' as Key;
const element = (key: string, value = ''): Element => ({ set: 'strangers', key, value, owner: BRIDGE });
const write = (
  additions: readonly Element[],
  removals: readonly Element[],
  tables: FilterWrite['tables'] = 'kept',
): FilterWrite => ({ difference: { additions, removals }, tables });
/** What is told, where these elements were in force at the end of the last pass. */
const told = (before: readonly Element[], ...writes: readonly FilterWrite[]): readonly string[] =>
  filterDrift(writes, new Map([['strangers', new Map(before.map((one) => [one.key, one]))]])).map(
    ({ text }) => text,
  );

describe('what a pass has written of the filter', () => {
  it('is drift where it was in force, or was not and had to go', () => {
    expect(told([element('"a"')], write([element('"a"')], [element('"b"')]))).toEqual([
      'restored strangers { "a" }',
      'removed strangers { "b" }',
    ]);
  });

  it('is none where what it adds in one round goes in the next', () => {
    expect(told([], write([element('"a"')], []), write([], [element('"a"')]))).toEqual([]);
  });

  it('is none where what it removes in one round comes back in the next', () => {
    expect(told([element('"a"')], write([], [element('"a"')]), write([element('"a"')], []))).toEqual([]);
  });

  it('is drift where what it has added in one round is gone in the next', () => {
    const again = write([element('"a"')], []);
    expect(told([], again, again)).toEqual(['restored strangers { "a" }']);
  });

  it('is told as one where a value was another', () => {
    const [wanted, found] = [element('"a"', '1'), element('"a"', '2')];
    expect(told([wanted], write([wanted], [found]))).toEqual([`strangers { "a" }: '2' → '1'`]);
  });

  it('is none where the tables were made anew after a refusal, and one where they were missing', () => {
    const all = [element('"a"')];
    expect(told(all, write(all, [], 'made anew'))).toEqual([]);
    expect(told(all, write(all, [], 'restored'))).toEqual(['made the tables inet and bridge lxcnet anew']);
  });
});
