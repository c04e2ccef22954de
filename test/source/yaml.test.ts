import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpYaml, parseYaml } from '../../src/source/yaml.ts';

function only(text: string) {
  const { documents, errors } = parseYaml(text);
  expect([documents.length, errors]).toEqual([1, []]);
  return documents[0]!;
}

function errorOf(text: string): string | undefined {
  const { documents, errors } = parseYaml(text);
  expect(documents).toEqual([]);
  expect(errors).toHaveLength(1);
  return errors[0]?.message;
}

describe('parseYaml', () => {
  it('reads every document, and leaves out empty ones', () => {
    const { documents } = parseYaml('---\na: 1\n---\n# nothing\n---\n~\n---\n[b]\n');
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, ['b']]);
  });

  it('knows where values and keys stand, counted from 1', () => {
    const document = only('spec:\n  ports:\n    - name: "a"\n      port: 80\n');
    expect(document.valueAt([])).toEqual({ line: 1, column: 1 });
    expect(document.keyAt(['spec', 'ports'])).toEqual({ line: 2, column: 3 });
    expect(document.valueAt(['spec', 'ports', 0, 'name'])).toEqual({ line: 3, column: 13 });
    expect(document.valueAt(['spec', 'ports', 0, 'port'])).toEqual({ line: 4, column: 13 });
  });

  it.each(['\n', '\r\n', '\r'])('counts lines that end with %j', (lineBreak) => {
    const document = only(['a: 1', 'b:', '  c: 2', ''].join(lineBreak));
    expect(document.valueAt(['b', 'c'])).toEqual({ line: 3, column: 6 });
  });

  it('finds the text of a block scalar, not its indentation', () => {
    expect(only('a: |\n    text\n').valueAt(['a'])).toEqual({ line: 2, column: 5 });
  });

  it('falls back to what is around: the key of an empty value, the parent of what is not there', () => {
    const document = only('a:\n  b:\n  c: {d: 1}\n');
    expect(document.valueAt(['a', 'b'])).toEqual({ line: 2, column: 3 });
    expect(document.valueAt(['a', 'c', 'missing', 0])).toEqual({ line: 3, column: 3 });
  });

  it('takes an alias for a place of its own', () => {
    const document = only('a: &x {b: 1}\nc: *x\n');
    expect(document.value).toEqual({ a: { b: 1 }, c: { b: 1 } });
    expect(document.valueAt(['c'])).toEqual({ line: 2, column: 4 });
  });

  it('reads one document although another has an alias for nothing', () => {
    const { documents, errors } = parseYaml('a: *x\n---\nb: 1\n');
    expect(documents.map(({ value }) => value)).toEqual([{ b: 1 }]);
    expect(errors).toEqual([{ line: 1, column: 5, message: 'unidentified alias "x"' }]);
  });

  it('takes every JSON text for what JSON says it is', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5, noUnicodeString: false }).filter((value) => value !== null),
        fc.constantFrom(undefined, 2, '\t'),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          if (text.includes('"__proto__":')) return;
          expect(parseYaml(text).documents.map((document) => document.value)).toEqual([JSON.parse(text)]);
        },
      ),
    );
  });

  it('reads back what dumpYaml writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())), (value) => {
        if (Object.hasOwn(value, '__proto__')) return;
        expect(only(dumpYaml(value)).value).toEqual({ ...value });
      }),
    );
  });
});

describe('the limits of parseYaml', () => {
  it('has room for 1000 documents, and no more', () => {
    expect(parseYaml('a: 1\n---\n'.repeat(999) + 'a: 1\n').documents).toHaveLength(1000);
    expect(errorOf('a: 1\n---\n'.repeat(1000) + 'a: 1\n')).toBe(
      'Too many: 1001: must have at most 1000 documents',
    );
  });

  it('has room for 100 aliases a document, and no more', () => {
    const aliases = (count: number): string =>
      `a: &a 1\nb: [${Array<string>(count).fill('*a').join(', ')}]\n`;
    expect(parseYaml(`${aliases(100)}---\n${aliases(100)}`).documents).toHaveLength(2);
    expect(errorOf(aliases(101))).toBe('Too many: must have at most 100 aliases');
  });

  it('refuses a billion laughs', () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}]`,
    );
    expect(errorOf(`l0: &l0 ha\n${levels.join('\n')}\n`)).toBe(
      'Too many: must have at most 100,000 values, aliases expanded',
    );
  });

  it.each(['a: &x [*x]', 'a: &x {b: {c: *x}}', '&x {a: *x}'])('refuses %j, which contains itself', (text) => {
    expect(errorOf(text)).toBe('Forbidden: an alias must not stand for what contains it');
  });

  it.each(['['.repeat(500_000), '- '.repeat(500_000), '{a: '.repeat(250_000)])(
    'refuses what is nested very deeply',
    (text) => {
      expect(errorOf(text)).toBe('must not be nested more than 100 levels deep');
    },
  );

  it('does not build a very large document to find that it is too large', () => {
    expect(errorOf('-\n'.repeat(500_000))).toContain('100,000');
  });
});

describe('keys that are not accepted', () => {
  const messages = (text: string): readonly string[] =>
    only(text).problems.map(
      ({ line, column, path, message }) => `${line}:${column} ${path.join('/')} ${message}`,
    );

  it('are those that are given twice; the last one counts', () => {
    const text = 'a:\n  b: 1\n  "b": 2\n';
    expect(messages(text)).toEqual(['3:3 a/b Duplicate value: the key is given twice']);
    expect(only(text).value).toEqual({ a: { b: 2 } });
  });

  it.each(['1', '-1.5', '0x1f', '.inf', 'true', 'NULL', '~'])(
    'are those that are no strings, like %s',
    (key) => {
      expect(messages(`${key}: a\n`)).toEqual([
        `1:1 ${key} Forbidden: keys must be strings: write '${key}' in quotes`,
      ]);
      expect(only(`"${key}": a\n`).problems).toEqual([]);
    },
  );

  it.each(['{? : a}', '? [a]\n: b', '? {a: b}\n: c', 'a: &x k\n*x : b'])('are those of %j', (text) => {
    expect(messages(text)).toHaveLength(1);
  });

  it('do not reach the prototype of anything', () => {
    const { value, problems } = only('__proto__: {polluted: true}\na: {__proto__: {polluted: true}}\n');
    expect(problems).toHaveLength(2);
    expect(value).toEqual({ a: {} });
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('take the words of YAML 1.1 for the strings that they are', () => {
    expect(only('on: 1\nyes: 2\nn: 3\n').problems).toEqual([]);
  });
});
