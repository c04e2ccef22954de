import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';

const document =
  (apiVersion: string, kind: string, name: string) =>
  (spec: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const ours = 'lxcnet.dev/v1alpha1';
const bridge = document(ours, 'Bridge', 'br0');
const link = document(ours, 'Link', 'vm1');
const route = document(ours, 'Route', 'r');

interface Mistake {
  readonly text: string;
  /** What users read, without the file's name. */
  readonly messages: readonly string[];
}
const MISTAKES = JSON.parse(
  readFileSync(new URL('mistakes.json', import.meta.url), 'utf8'),
) as readonly Mistake[];

describe('parseManifests', () => {
  it.each(MISTAKES)('tells what is wrong, where, and what is allowed: $text', ({ text, messages }) => {
    const { errors } = parseManifests('f.yaml', text);
    expect(errors.map((error) => formatFieldError(error).slice('f.yaml:'.length))).toEqual(messages);
  });

  it('accepts every kind in YAML and in JSON, several documents a file, and lists', () => {
    const text = [
      bridge('{addresses: [10.0.0.1/8]}'),
      link('{bridge: br0, container: {pid: 5}}'),
      route('{to: default, via: 10.0.0.1}'),
    ].join('---\n');
    const { manifests, errors } = parseManifests('a/b.yaml', text);
    expect(errors).toEqual([]);
    expect(manifests.map(({ key, origin }) => [key, origin.file, origin.line])).toEqual([
      ['Bridge/br0', 'a/b.yaml', 1],
      ['Link/default/vm1', 'a/b.yaml', 6],
      ['Route/r', 'a/b.yaml', 11],
    ]);
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: manifests.map(({ resource }) => resource),
    });
    expect(parseManifests('c.json', list).manifests.map(({ resource }) => resource)).toEqual(
      manifests.map(({ resource }) => resource),
    );
  });

  it('fills in defaults, and writes addresses and MAC addresses in one form', () => {
    const { manifests } = parseManifests(
      'f.yaml',
      link(
        '{bridge: br0, container: {netns: a}, macAddress: 00:AA:11:22:33:44, addresses: ["FD00:0:0::10/64"]}',
      ),
    );
    expect(manifests[0]?.resource.spec).toMatchObject({
      interface: 'eth0',
      gateway: 'Auto',
      antiSpoofing: true,
      macAddress: '00:aa:11:22:33:44',
      addresses: ['fd00::10/64'],
    });
  });

  it('returns the valid documents of a file beside the errors of the others', () => {
    const { manifests, errors } = parseManifests(
      'f.yaml',
      [bridge('{mtu: 1}'), route('{to: default, interface: eth0}'), 'a: 1\na: 2\n'].join('---\n'),
    );
    expect(manifests.map(({ key }) => key)).toEqual(['Route/r']);
    expect(errors.map(({ line }) => line)).toEqual([12, 4]);
  });

  it('accepts what an API server added', () => {
    const text = `apiVersion: ${ours}\nkind: Bridge\nmetadata: {name: br0, uid: x, generation: 3, resourceVersion: "7"}\nspec: {}\nstatus: {conditions: []}\n`;
    expect(parseManifests('f.yaml', text).errors).toEqual([]);
  });

  it.each([
    ['a file that is too large', `# ${'x'.repeat(1024 * 1024)}`, 'must be no more than 1 MiB'],
    ['too many documents', '---\na: 1\n'.repeat(1001), 'no more than 1000 documents'],
    [
      'a bomb of aliases',
      [
        'a: &a [1,1,1,1,1,1,1,1,1]',
        ...['b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
          (name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`).join(',')}]`,
        ),
      ].join('\n'),
      'aliases expanded',
    ],
    ['deep nesting', '['.repeat(5000), 'nesting exceeded'],
  ])('refuses %s', (_, text, message) => {
    const { manifests, errors } = parseManifests('f.yaml', text);
    expect(manifests).toEqual([]);
    expect(errors[0]?.message).toContain(message);
  });

  it('is not fooled by names of the prototype', () => {
    const { errors } = parseManifests(
      'f.yaml',
      `apiVersion: ${ours}\nkind: Bridge\nmetadata: {name: br0, labels: {__proto__: x, constructor: y}}\nspec: {constructor: 1, toString: 2}\n`,
    );
    expect(errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['spec.constructor', 'spec.toString']),
    );
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
