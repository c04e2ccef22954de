import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byPlace, formatFieldError, pathText, quote } from '../../src/source/field-error.ts';

const ERROR = { file: 'a.yaml', line: 3, column: 7, message: 'must be' };

describe('formatFieldError', () => {
  it('names file, line, column, resource and field', () => {
    expect(formatFieldError({ ...ERROR, subject: 'Link/vm1', path: 'spec.mtu' })).toBe(
      'a.yaml:3:7: Link/vm1: spec.mtu: must be',
    );
  });

  it('leaves out what is not known', () => {
    expect(formatFieldError(ERROR)).toBe('a.yaml:3:7: must be');
    expect(formatFieldError({ ...ERROR, path: 'kind' })).toBe('a.yaml:3:7: kind: must be');
  });

  it('stays one line, and commands no terminal, whatever a file is called', () => {
    expect(formatFieldError({ ...ERROR, file: 'a\n\u001b[2Jb\u202e.yaml' })).toBe(
      'a\\u000a\\u001b[2Jb\\u202e.yaml:3:7: must be',
    );
  });
});

describe('pathText', () => {
  it('writes a path as people do', () => {
    expect(pathText(['spec', 'ports', 0, 'name'])).toBe('spec.ports[0].name');
    expect(pathText(['metadata', 'labels', 'a.b/c', 'd'])).toBe('metadata.labels["a.b/c"].d');
  });
});

describe('quote', () => {
  it('writes values as JSON does', () => {
    expect(['a"b', 5, true, null, ['x', 1], { a: { b: [] } }].map(quote)).toEqual([
      '"a\\"b"',
      '5',
      'true',
      'null',
      '["x",1]',
      '{"a":{"b":[]}}',
    ]);
  });

  it('cuts what is long, inside the quotes', () => {
    expect(quote('x'.repeat(1000))).toBe(`"${'x'.repeat(59)}..."`);
    expect(quote(Array.from({ length: 1000 }, () => 'abc'))).toMatch(/^\["abc",.*\.\.\.$/);
  });

  it('is short and one line for any value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const text = quote(value);
        return text.length <= 64 && !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u.test(text);
      }),
    );
  });

  it('does not look at all of a value that aliases have made very large', () => {
    let value: unknown = 'x'.repeat(100_000);
    for (let level = 0; level < 50; level++) value = { a: value, b: value };
    expect(quote(value)).toHaveLength(64);
  });
});

describe('byPlace', () => {
  it('orders by file, then line, then column', () => {
    const at = (file: string, line: number, column: number) => ({ ...ERROR, file, line, column });
    const ordered = [at('a', 1, 9), at('a', 2, 1), at('a', 2, 3), at('a', 10, 1), at('b', 1, 1)];
    expect([...ordered].reverse().sort(byPlace)).toEqual(ordered);
  });
});
