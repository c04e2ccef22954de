import { expect, it } from 'vitest';
import type { Scan } from '../../src/source/scan.ts';
import { ManifestSource, type Snapshot } from '../../src/source/snapshot.ts';
import { bridge } from '../support/manifests.ts';

const text = (...documents: readonly object[]): string =>
  documents.map((document) => JSON.stringify(document)).join('\n---\n');
const br = (number: number, spec: object = {}): object =>
  bridge(`br${number}`, { addresses: [`10.10.${number}.1/24`], ...spec });
const keys = ({ manifests }: Snapshot): string[] =>
  [...manifests.keys()].map((key) => key.slice('Bridge/'.length));

let scans = 0;
function scan(files: Readonly<Record<string, string>>): Scan {
  const contents = Object.entries(files).map(([name, content]) => [name, { text: content }] as const);
  return { state: 'read', root: '/x', files: new Map(contents), digest: `sha256:${scans++}` };
}

it('a file that no longer parses keeps what it last said, and the others go on', () => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0)), 'b.yaml': text(br(1)) }));
  const snapshot = source.update(scan({ 'a.yaml': '{[', 'b.yaml': text(br(1), br(2)) }));
  expect(keys(snapshot)).toEqual(['br0', 'br1', 'br2']);
  expect(snapshot).toMatchObject({ files: 2, invalidFiles: 1 });
});

it('a document with an error keeps its last good version, and the rest of its file applies', () => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0, { mtu: 1400 }), br(1)) }));
  const snapshot = source.update(scan({ 'a.yaml': text(br(0, { mtu: 1 }), br(2)) }));
  expect(keys(snapshot).sort()).toEqual(['br0', 'br2']);
  expect(
    [...snapshot.manifests.values()].find(({ key }) => key.endsWith('br0'))?.resource.spec,
  ).toMatchObject({ mtu: 1400 });
  expect([...snapshot.invalidKeys.keys()]).toEqual(['Bridge/br0']);
});

it('a file of no bytes is one that is just being written', () => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0)), 'b.yaml': text(br(1)) }));
  expect(keys(source.update(scan({ 'a.yaml': '', 'b.yaml': text(br(1)) })))).toEqual(['br0', 'br1']);
});

it('a removed file removes what it said', () => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0)), 'b.yaml': text(br(1)) }));
  const snapshot = source.update(scan({ 'b.yaml': text(br(1)) }));
  expect(keys(snapshot)).toEqual(['br1']);
  expect(snapshot.removalsHeld).toBeUndefined();
});

it.each([
  ['no files', {}],
  ['only empty documents', { 'a.yaml': '---\n# nothing\n---\n' }],
])('a directory with %s removes nothing', (_, files) => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0)) }));
  const snapshot = source.update(scan(files));
  expect(keys(snapshot)).toEqual(['br0']);
  expect(snapshot.removalsHeld).toBe('empty_source');
});

it('a directory that cannot be read removes nothing', () => {
  const source = new ManifestSource();
  source.update(scan({ 'a.yaml': text(br(0)) }));
  const snapshot = source.update({ state: 'unreadable', reason: 'there is no such directory' });
  expect(keys(snapshot)).toEqual(['br0']);
  expect(snapshot.removalsHeld).toBe('unreadable_source');
});

it('the last good text of a file outlives the daemon', () => {
  const before = new ManifestSource();
  before.update(scan({ 'a.yaml': text(br(0)) }));
  const after = new ManifestSource();
  after.restore(JSON.parse(JSON.stringify(before.serialize())) as Record<string, string>);
  expect(keys(after.update(scan({ 'a.yaml': '{[', 'b.yaml': text(br(1)) })))).toEqual(['br0', 'br1']);
  const another = new ManifestSource();
  another.restore(before.serialize());
  expect(keys(another.update(scan({})))).toEqual(['br0']);
});

it('what did not change stays the same object, so that nothing is done about it', () => {
  const source = new ManifestSource();
  const first = source.update(scan({ 'a.yaml': text(br(0)), 'b.yaml': text(br(1)) }));
  const second = source.update(scan({ 'a.yaml': text(br(0)), 'b.yaml': text(br(1, { mtu: 1400 })) }));
  const [one, other] = [first, second].map(({ manifests }) => [...manifests.values()]);
  expect(other![0]).toBe(one![0]);
  expect(other![1]).not.toBe(one![1]);
});
