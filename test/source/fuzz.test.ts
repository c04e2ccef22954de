import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, forward, link, policy, route } from '../support/manifests.ts';

/** Whatever it is given: an answer, soon, in lines that nobody can forge. */
function survives(text: string): void {
  const start = performance.now();
  const { errors } = parseManifests('f.yaml', text);
  for (const error of errors) {
    const line = formatFieldError(error);
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(line).not.toMatch(/invalid input|expected .* received|\[object/i);
    expect(error.line).toBeGreaterThan(0);
    expect(error.column).toBeGreaterThan(0);
  }
  expect(performance.now() - start).toBeLessThan(2_000);
}

it('survives any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), survives), { numRuns: 300 });
});

it('survives any mixture of what YAML is made of', () => {
  const pieces = fc.constantFrom(
    '- ',
    ': ',
    '? ',
    '&a ',
    '*a ',
    '<<: *a',
    '|\n',
    '>\n',
    '---\n',
    '...\n',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '#',
    '!!str ',
    '\n',
    '  ',
    'kind',
    'spec',
    'Bridge',
    '1e999',
    '0x10',
    '~',
    'null',
    '\t',
    '%YAML 1.2\n',
    '\u2028',
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 60 }).map((list) => list.join('')),
      survives,
    ),
    { numRuns: 500 },
  );
});

const good = [
  bridge('br0', { masquerade: { interfaces: ['eth0'] } }),
  link('vm1', 'vm1', 10, {
    routes: [{ to: '10.9.0.0/16', via: '10.10.20.1' }],
    ports: [{ name: 'http', port: 80 }],
  }),
  route('r', { to: '10.0.0.0/8', nextHops: [{ via: '10.0.0.1', weight: 2 }] }),
  forward('f', 'vm1', [{ port: 80, endPort: 90, targetPort: 8000 }], { sources: ['10.0.0.0/8'] }),
  policy('p', 'vm1', {
    ingress: [
      { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [{ port: 'http' }] },
    ],
  }),
];

/** Every place in a value, as a path. */
function places(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    path,
    ...Object.entries(value).flatMap(([key, inner]) =>
      places(inner, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner: unknown, index) => (index === head ? replaced(inner, rest, by) : inner));
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => [
      key,
      key === head ? replaced(inner, rest, by) : (inner as unknown),
    ]),
  );
}

it('survives valid manifests in which something is replaced by anything', () => {
  const mutated = fc
    .constantFrom(...good)
    .chain((document) =>
      fc.tuple(fc.constant(document), fc.constantFrom(...places(document)), fc.jsonValue({ maxDepth: 3 })),
    );
  fc.assert(
    fc.property(mutated, ([document, path, by]) => survives(JSON.stringify(replaced(document, path, by)))),
    { numRuns: 1_000 },
  );
});

it('a valid manifest never carries a value that could leave its place in a command', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(
      'a',
      '0',
      '\n',
      ' ',
      ';',
      '"',
      "'",
      '\\',
      '#',
      '$',
      '{',
      '}',
      '/',
      '.',
      '-',
      ':',
      '\u0000',
    ),
    minLength: 1,
    maxLength: 15,
  });
  fc.assert(
    fc.property(hostile, (text) => {
      const { manifests } = parseManifests(
        'f.json',
        JSON.stringify(link('vm1', 'vm1', 10, { interface: text, hostInterface: text })),
      );
      for (const { resource } of manifests)
        expect(JSON.stringify(resource.spec)).not.toMatch(/[\s;'#${}]\w*"?,"(hostInterface|addresses)/);
      expect(manifests.length === 0 || /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(text)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
