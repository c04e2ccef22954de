import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonError } from '../../src/source/json-error.ts';

const placeOf = (text: string): string | undefined => {
  const error = jsonError(text);
  return error && `${error.line}:${error.column}`;
};

describe('jsonError', () => {
  it.each([
    ['{\n "kind": x\n}', '2:10'],
    ['{"a": tru}', '1:10'],
    ['[1,]', '1:4'],
    ['{"a" 1}', '1:6'],
    ['{"a": 1}}', '1:9'],
    ['# a remark\n{}', '1:1'],
    ['{\n  // a remark\n}', '2:3'],
    ["{'a': 1}", '1:2'],
    ['{"a": 1', '1:8'],
    ['{\n  "a": nul', '2:11'],
  ])('tells where %j stops being JSON', (text, place) => {
    expect(placeOf(text)).toBe(place);
  });

  it('finds nothing in what is JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonError(text)).toBeUndefined();
      }),
    );
  });

  it('finds a character that JSON does not have, wherever it is put between values', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), (numbers, at) => {
        const entries = numbers.map(String);
        entries.splice(at % (entries.length + 1), 0, '@');
        const text = `[\n${entries.join(',\n')}\n]`;
        expect(placeOf(text)).toBe(`${entries.indexOf('@') + 2}:1`);
      }),
    );
  });

  it('finds it in a large file in no time to speak of', () => {
    const text = `[${'"abcdefgh",\n'.repeat(80_000)}?]`;
    const started = performance.now();
    expect(placeOf(text)).toBe('80001:1');
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
