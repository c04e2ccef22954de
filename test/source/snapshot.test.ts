import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { formatFieldError } from '../../src/source/field-error.ts';
import type { FileContent } from '../../src/source/manifest-file.ts';
import { ManifestSource, type Snapshot } from '../../src/source/snapshot.ts';
import { bridge, documents, link } from './examples.ts';
import { type Files, after, inForce, scanOf } from './looks.ts';

function errors(snapshot: Snapshot): readonly string[] {
  return snapshot.errors.map(formatFieldError);
}

const BR0 = bridge('{mtu: 1400}', 'br0');
const BR1 = bridge('{mtu: 1400}', 'br1');
const BROKEN = 'a: [\n';

describe('ManifestSource', () => {
  it('says what the files say', () => {
    const snapshot = after({ 'a.yaml': BR0, 'b.yaml': documents(BR1, link('mtu: 1300')) });
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400', 'Link/vm1 1300']);
    expect(snapshot).toMatchObject({
      errors: [],
      files: 2,
      invalidFiles: 0,
      revision: expect.stringMatching(/^sha256:/) as string,
    });
    expect(snapshot.removalsHeld).toBeUndefined();
  });

  it('removes what a file or a document said that is gone', () => {
    expect(inForce(after({ 'a.yaml': BR0, 'b.yaml': BR1 }, { 'b.yaml': BR1 }))).toEqual(['Bridge/br1 1400']);
    expect(inForce(after({ 'a.yaml': documents(BR0, BR1) }, { 'a.yaml': BR1 }))).toEqual(['Bridge/br1 1400']);
  });

  it('keeps the same objects for files that did not change', () => {
    const source = new ManifestSource();
    const first = source.update(scanOf({ 'a.yaml': BR0, 'b.yaml': BR1 }));
    const second = source.update(scanOf({ 'a.yaml': BR0, 'b.yaml': bridge('{mtu: 1200}', 'br1') }));
    expect(second.manifests.get('Bridge/br0' as Key)).toBe(first.manifests.get('Bridge/br0' as Key));
  });
});

describe('the errors of a snapshot', () => {
  it('are ordered by place, whatever found them', () => {
    const text = documents(BR0, BR0, bridge('{mtu: 1}', 'br1'));
    expect(errors(after({ 'b.yaml': text, 'a.yaml': BROKEN })).map((error) => error.split(': ')[0])).toEqual([
      'a.yaml:2:1',
      'b.yaml:8:18',
      'b.yaml:14:13',
    ]);
  });
});

describe('a file that cannot be used', () => {
  it.each<[string, string | FileContent]>([
    ['that is no YAML', BROKEN],
    ['that is too long', '#'.repeat(1024 * 1024 + 1)],
    ['that cannot be read', { unreadable: 'permission denied' }],
    ['of no bytes', ''],
  ])('keeps what it last said: one %s', (_what, content) => {
    const snapshot = after(
      { 'a.yaml': documents(BR0, BR1), 'b.yaml': link('mtu: 1300') },
      { 'a.yaml': content, 'b.yaml': link('mtu: 1200') },
    );
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400', 'Link/vm1 1200']);
    expect(snapshot.invalidFiles).toBe(1);
  });

  it('says nothing where it never said anything', () => {
    expect(inForce(after({ 'a.yaml': BROKEN, 'b.yaml': BR1 }))).toEqual(['Bridge/br1 1400']);
  });

  it('says nothing any more once it is gone', () => {
    expect(
      inForce(
        after({ 'a.yaml': BR0, 'b.yaml': BR1 }, { 'a.yaml': BROKEN, 'b.yaml': BR1 }, { 'b.yaml': BR1 }),
      ),
    ).toEqual(['Bridge/br1 1400']);
  });

  it('says nothing either when a file of its name comes back', () => {
    const looks = [{ 'a.yaml': BR0, 'b.yaml': BR1 }, { 'b.yaml': BR1 }, { 'a.yaml': BROKEN, 'b.yaml': BR1 }];
    expect(inForce(after(...looks))).toEqual(['Bridge/br1 1400']);
  });
});

describe('an invalid document', () => {
  const good = documents(BR0, BR1);

  it('keeps its last good version, and the others apply', () => {
    const snapshot = after(
      { 'a.yaml': good },
      { 'a.yaml': documents(bridge('{mtu: 1}', 'br0'), bridge('{mtu: 1200}', 'br1')) },
    );
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1200']);
    expect([...snapshot.invalidKeys].map(([key, own]) => [key, own.map(formatFieldError)])).toEqual([
      ['Bridge/br0', ['a.yaml:4:13: Bridge/br0: spec.mtu: Invalid value: 1: must be between 68 and 65535']],
    ]);
  });

  it('keeps the version that was in force last, not that of the last file without errors', () => {
    const snapshot = after(
      { 'a.yaml': good },
      { 'a.yaml': documents(bridge('{mtu: 1200}', 'br0'), bridge('{mtu: 1}', 'br1')) },
      { 'a.yaml': documents(bridge('{mtu: 1}', 'br0'), bridge('{mtu: 1300}', 'br1')) },
    );
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1200', 'Bridge/br1 1300']);
  });

  it('does not keep a document that is gone', () => {
    const snapshot = after({ 'a.yaml': good }, { 'a.yaml': bridge('{mtu: 1}', 'br0') });
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400']);
  });

  it.each([
    ['no name', bridge('{}', '').replace('{name: }', '{}')],
    ['a misspelt name', bridge('{}', 'Br0')],
    ['a misspelt kind', BR0.replace('Bridge', 'Brigde')],
    ['two names', bridge('{}', 'br2, name: br0')],
    ['an alias for nothing', bridge('*a', 'br0')],
    ['nothing but a text', 'apiVersion\n'],
  ])('with %s may be any that the file has no more, so all of them are kept', (_what, text) => {
    const snapshot = after({ 'a.yaml': good }, { 'a.yaml': documents(text, bridge('{mtu: 1200}', 'br1')) });
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1200']);
  });

  it('is forgotten once it is good again', () => {
    const snapshot = after(
      { 'a.yaml': good },
      { 'a.yaml': documents(bridge('{mtu: 1}', 'br0'), BR1) },
      { 'a.yaml': documents(bridge('{mtu: 1200}', 'br0'), BR1) },
    );
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1200', 'Bridge/br1 1400']);
    expect([snapshot.errors.length, snapshot.invalidKeys.size]).toEqual([0, 0]);
  });
});

describe('manifests that contradict each other', () => {
  it('leave the first declaration of a resource in force, wherever it was in force before', () => {
    const snapshot = after({ 'b.yaml': BR0 }, { 'a.yaml': bridge('{mtu: 1200}', 'br0'), 'b.yaml': BR0 });
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1200']);
    expect(errors(snapshot)).toEqual([
      'b.yaml:3:18: Bridge/br0: metadata.name: Duplicate value: it is declared at a.yaml:1 already',
    ]);
    expect(snapshot.invalidKeys.size).toBe(0);
  });

  it('let the second declaration take over when the first goes', () => {
    const both = { 'a.yaml': bridge('{mtu: 1200}', 'br0'), 'b.yaml': BR0 };
    expect(inForce(after(both, { 'b.yaml': BR0 }))).toEqual(['Bridge/br0 1400']);
  });

  it('do not call the first declaration invalid when the second is in the same file', () => {
    const snapshot = after({ 'a.yaml': documents(BR0, bridge('{mtu: 1200}', 'br0')) });
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400']);
    expect([snapshot.errors.length, snapshot.invalidKeys.size]).toEqual([1, 0]);
  });

  const vm1 = (mtu: number, address: string) => link(`mtu: ${mtu}, addresses: [10.0.0.${address}/24]`, 'vm1');
  const vm2 = (mtu: number, address: string) => link(`mtu: ${mtu}, addresses: [10.0.0.${address}/24]`, 'vm2');

  it('do not take down what was in force, but stay as they were', () => {
    const snapshot = after(
      { 'a.yaml': vm1(1400, '1'), 'b.yaml': vm2(1400, '2') },
      { 'a.yaml': vm1(1300, '2'), 'b.yaml': vm2(1400, '2') },
    );
    expect(inForce(snapshot)).toEqual(['Link/vm1 1400', 'Link/vm2 1400']);
    expect(errors(snapshot)).toEqual([
      "a.yaml:4:67: Link/vm1: spec.addresses[0]: Duplicate value: the address '10.0.0.2' is that of Link/vm2 at b.yaml:1",
    ]);
    expect([...snapshot.invalidKeys.keys()]).toEqual(['Link/default/vm1']);
  });

  it('are settled by their order where none was in force', () => {
    expect(inForce(after({ 'a.yaml': vm1(1400, '2'), 'b.yaml': vm2(1400, '2') }))).toEqual(['Link/vm1 1400']);
  });

  it('may exchange what they have', () => {
    const snapshot = after(
      { 'a.yaml': vm1(1400, '1'), 'b.yaml': vm2(1400, '2') },
      { 'a.yaml': vm1(1300, '2'), 'b.yaml': vm2(1300, '1') },
    );
    expect([inForce(snapshot), snapshot.errors]).toEqual([['Link/vm1 1300', 'Link/vm2 1300'], []]);
  });

  it('come into force once what is in the way goes', () => {
    const contradiction = { 'a.yaml': vm1(1300, '2'), 'b.yaml': vm2(1400, '2') };
    const snapshot = after({ 'a.yaml': vm1(1400, '1'), 'b.yaml': vm2(1400, '2') }, contradiction, {
      'a.yaml': vm1(1300, '2'),
    });
    expect(inForce(snapshot)).toEqual(['Link/vm1 1300']);
  });

  it('say the same however often one looks', () => {
    const contradiction = { 'a.yaml': vm1(1300, '2'), 'b.yaml': vm2(1400, '2') };
    const looks = [{ 'a.yaml': vm1(1400, '1'), 'b.yaml': vm2(1400, '2') }, contradiction];
    expect(inForce(after(...looks, contradiction, contradiction))).toEqual(inForce(after(...looks)));
  });
});

describe('while a file cannot be read', () => {
  it.each<[string, Files, Files]>([
    ['a file that has gone', { 'a.yaml': BR0, 'b.yaml': BR1 }, { 'b.yaml': BR1, 'd.yaml': BROKEN }],
    ['a document that has gone', { 'a.yaml': documents(BR0, BR1) }, { 'a.yaml': BR1, 'd.yaml': BROKEN }],
    ['what moved to a file that was good', { 'a.yaml': BR0, 'b.yaml': BR1 }, { 'b.yaml': BROKEN }],
  ])('keeps %s, as often as one looks, until that file can be read', (_what, before, broken) => {
    const snapshot = after(before, broken, broken);
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400']);
    expect([snapshot.removalsHeld, snapshot.missing]).toEqual(['incomplete_source', ['Bridge/br0']]);
    const moved = after(before, broken, { 'd.yaml': documents(BR0, BR1) });
    expect([inForce(moved), moved.removalsHeld, moved.missing]).toEqual([
      inForce(snapshot),
      undefined,
      undefined,
    ]);
    const mended = after(before, broken, { 'b.yaml': BR1 });
    expect([inForce(mended), mended.removalsHeld]).toEqual([['Bridge/br1 1400'], undefined]);
  });

  it('keeps a file that has gone also over a restart', () => {
    const source = new ManifestSource();
    source.update(scanOf({ 'a.yaml': BR0, 'b.yaml': BR1 }));
    const broken = scanOf({ 'b.yaml': BR1, 'd.yaml': BROKEN });
    source.update(broken);
    const again = new ManifestSource();
    again.restore(source.serialize());
    expect(inForce(again.update(broken))).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400']);
  });

  it('removes nothing else than before where nothing is missing, and what an invalid document does not hide', () => {
    expect(after({ 'a.yaml': BR0 }, { 'a.yaml': BR0, 'd.yaml': BROKEN }).removalsHeld).toBeUndefined();
    const invalid = bridge('{mtu: 1}', 'br9');
    const snapshot = after({ 'a.yaml': BR0, 'b.yaml': BR1 }, { 'b.yaml': BR1, 'd.yaml': invalid });
    expect([inForce(snapshot), snapshot.removalsHeld]).toEqual([['Bridge/br1 1400'], undefined]);
  });
});

describe('a directory without anything of use', () => {
  it.each<[string, Files]>([
    ['is empty', {}],
    ['has only empty documents', { 'a.yaml': '# nothing\n---\n' }],
    ['has only another file with an error', { 'b.yaml': BROKEN }],
    ['has only an invalid document of another name', { 'b.yaml': bridge('{mtu: 1}', 'br9') }],
  ])('removes nothing where it %s', (_what, files) => {
    const snapshot = after({ 'a.yaml': BR0 }, files);
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400']);
    expect(snapshot).toMatchObject({ removalsHeld: 'empty_source', files: Object.keys(files).length });
  });

  it('removes nothing where it cannot be read', () => {
    const source = new ManifestSource();
    source.update(scanOf({ 'a.yaml': BR0 }));
    const snapshot = source.update({ state: 'unreadable', reason: 'gone' });
    expect([inForce(snapshot), snapshot.removalsHeld]).toEqual([['Bridge/br0 1400'], 'unreadable_source']);
  });

  it('holds removals where there never was anything', () => {
    const source = new ManifestSource();
    expect(source.update({ state: 'unreadable', reason: 'gone' })).toMatchObject({
      removalsHeld: 'unreadable_source',
    });
    expect(source.update(scanOf({}))).toMatchObject({ removalsHeld: 'empty_source', manifests: new Map() });
  });

  it('lets removals go on when there are manifests again', () => {
    const snapshot = after({ 'a.yaml': documents(BR0, BR1) }, {}, { 'b.yaml': BR1 });
    expect([inForce(snapshot), snapshot.removalsHeld]).toEqual([['Bridge/br1 1400'], undefined]);
  });

  it('remembers each file over it', () => {
    expect(inForce(after({ 'a.yaml': BR0, 'b.yaml': BR1 }, {}, { 'a.yaml': BROKEN, 'b.yaml': BR1 }))).toEqual(
      ['Bridge/br0 1400', 'Bridge/br1 1400'],
    );
  });
});
