import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../src/source/cross-check.ts';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, documents, link, networkPolicy, portForward, route } from './examples.ts';

const GOOD = documents(
  bridge('{addresses: [10.10.20.1/24, "fd00:20::1/64"], masquerade: {source: 192.0.2.1}}'),
  link('addresses: [10.10.20.10/24], routes: [{to: 10.9.0.0/16, via: 10.10.20.254}], gateway: Auto'),
  route('{to: 10.30.0.0/16, nextHops: [{via: 10.10.20.20, interface: br0, weight: 1}]}'),
  portForward('{ports: [{protocol: UDP, port: 80, endPort: 90}], link: {name: vm1}, sources: ["::/0"]}'),
  networkPolicy(
    '{podSelector: {matchLabels: {a: b}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]}',
  ),
);
/** Pieces that YAML, JavaScript or the schemas give a meaning. */
const PIECES = [
  '&a ',
  '*a',
  '<<: ',
  '__proto__: ',
  'constructor: ',
  '? ',
  '!!binary ',
  '!!str ',
  '{',
  '}',
  '[',
  ']',
  ': ',
  ', ',
  '- ',
  '|\n',
  '>-\n',
  '"',
  "'",
  '#',
  '%',
  '@',
  '`',
  '\t',
  '\n',
  '\n---\n',
  '\n...\n',
  '~',
  '.nan',
  '-0',
  '1e999',
  '0x',
  'kind: List',
  'items: ',
  '\u0000',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '💥',
  '/32',
  '::',
  'x'.repeat(300),
];

/** What holds for any text. */
function checkInvariants(text: string, file = 'a.yaml'): void {
  const started = performance.now();
  const { manifests, errors, readable, invalid, anonymous } = parseManifests(file, text);
  // A second or so at most; a machine that is busy gets more.
  expect(performance.now() - started).toBeLessThan(10_000);
  for (const error of errors) {
    expect(error.line).toBeGreaterThanOrEqual(1);
    expect(error.column).toBeGreaterThanOrEqual(1);
    const line = formatFieldError(error);
    expect(line.length).toBeLessThan(2_000);
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]|invalid input/iu);
  }
  if (!readable) expect([manifests.length, errors.length > 0]).toEqual([0, true]);
  // An error that belongs to nothing would let the last good version go.
  if (readable && errors.length > 0) expect(anonymous || invalid.size > 0).toBe(true);
  crossCheck(manifests);
}

/** A good text with some of it replaced by pieces. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(GOOD.length),
      length: fc.nat(12),
      piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 8, unit: 'binary' })),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((edits) =>
    edits.reduce((text, { at, length, piece }) => text.slice(0, at) + piece + text.slice(at + length), GOOD),
  );

/** A document of our kinds with any values in the places of fields. */
const anyFields = fc
  .record(
    {
      apiVersion: fc.constantFrom('lxcnet.dev/v1alpha1', 'v1', 'networking.k8s.io/v1'),
      kind: fc.constantFrom('Bridge', 'Link', 'Route', 'PortForward', 'NetworkPolicy', 'Namespace', 'List'),
      metadata: fc.oneof(
        fc.jsonValue(),
        fc.record({ name: fc.constantFrom('a', 'b', '', 'A'), namespace: fc.jsonValue() }),
      ),
      items: fc.jsonValue(),
      spec: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            'addresses',
            'interface',
            'mtu',
            'masquerade',
            'ports',
            'bridge',
            'container',
            'gateway',
            'routes',
            'to',
            'via',
            'nextHops',
            'link',
            'sources',
            'podSelector',
            'ingress',
            'egress',
            'policyTypes',
            'type',
          ),
          fc.jsonValue({ maxDepth: 4 }),
        ),
      ),
    },
    { requiredKeys: ['apiVersion', 'kind'] },
  )
  .map((document) => JSON.stringify(document));

describe('parseManifests, whatever it is given', () => {
  it('accepts the manifest that is the start of it all', () => {
    expect(parseManifests('a.yaml', GOOD)).toMatchObject({ errors: [], manifests: { length: 5 } });
  });

  it('survives random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) =>
        checkInvariants(Buffer.from(bytes).toString('latin1')),
      ),
      { numRuns: 500 },
    );
  });

  it('survives random text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => checkInvariants(text)),
      { numRuns: 500 },
    );
  });

  it('survives pieces of YAML in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }), (pieces) =>
        checkInvariants(pieces.join('')),
      ),
      { numRuns: 1_000 },
    );
  });

  it('survives good manifests that were damaged', () => {
    fc.assert(
      fc.property(mutated, (text) => checkInvariants(text)),
      { numRuns: 1_000 },
    );
  });

  it('survives any values in the places of fields', () => {
    fc.assert(
      fc.property(anyFields, (text) => checkInvariants(text, 'a.json')),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['unknown keys', bridge(`{${Array.from({ length: 90_000 }, (_, index) => `k${index}: 1`).join(',')}}`)],
    [
      'bad labels',
      bridge(
        '{}',
        `br0, labels: {${Array.from({ length: 40_000 }, (_, index) => `"k ${index}": "v v"`).join(',')}}`,
      ),
    ],
    [
      'a large value with many names',
      bridge(`{mtu: &a ${'x'.repeat(900_000)}, ports: {a: [${'*a, '.repeat(99)}]}}`),
    ],
    ['a List of nothing', `apiVersion: v1\nkind: List\nitems:\n${'- {}\n'.repeat(90_000)}`],
    ['line breaks', '\n'.repeat(1_000_000)],
    ['document marks', '---\n'.repeat(250_000)],
    ['a long name', bridge('{}', 'a.-'.repeat(300_000))],
    ['keys twice', 'a: 1\n'.repeat(90_000)],
  ])('takes bounded time for a file full of %s', (_what, text) => checkInvariants(text));
});
