import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import type { Scan } from '../../src/source/scan.ts';
import { ManifestSource, type Snapshot } from '../../src/source/snapshot.ts';
import { bridge, link } from './examples.ts';
import { type Files, inForce, scanOf } from './looks.ts';

const BR0 = bridge('{mtu: 1400}', 'br0');
const BR1 = bridge('{mtu: 1400}', 'br1');
const BROKEN = 'a: [\n';

describe('what is remembered over a restart', () => {
  /** Another run, after these looks, which begins with that one. */
  function restarted(looks: readonly Files[], next: Scan): Snapshot {
    const before = new ManifestSource();
    for (const files of looks) before.update(scanOf(files));
    const saved = JSON.stringify(before.serialize());
    const source = new ManifestSource();
    source.restore(JSON.parse(saved) as Record<string, string>);
    return source.update(next);
  }

  it('is the text of each file', () => {
    const source = new ManifestSource();
    source.update(scanOf({ 'a.yaml': BR0 }));
    source.update(scanOf({ 'a.yaml': BROKEN }));
    expect(source.serialize()).toEqual({ 'a.yaml': BR0 });
  });

  it('stands in for a file that is broken now', () => {
    const snapshot = restarted(
      [{ 'a.yaml': BR0, 'b.yaml': BR1 }],
      scanOf({ 'a.yaml': BROKEN, 'b.yaml': BR1 }),
    );
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400']);
  });

  it('stands in for a directory that is missing or empty now', () => {
    const looks = [{ 'a.yaml': BR0 }];
    expect(inForce(restarted(looks, { state: 'unreadable', reason: 'gone' }))).toEqual(['Bridge/br0 1400']);
    expect(inForce(restarted(looks, scanOf({})))).toEqual(['Bridge/br0 1400']);
  });

  it.each(['a.yaml', 'a.json'])(
    'stands in for a document of %s that was invalid before and still is',
    (file) => {
      const good = JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: ['br0', 'br1'].map((name) => ({
          apiVersion: 'lxcnet.dev/v1alpha1',
          kind: 'Bridge',
          metadata: { name },
          spec: { mtu: 1400 },
        })),
      });
      const half = good.replace('1400', '1').replace('1400', '1200');
      expect(inForce(restarted([{ [file]: good }, { [file]: half }], scanOf({ [file]: half })))).toEqual([
        'Bridge/br0 1400',
        'Bridge/br1 1200',
      ]);
    },
  );

  it('settles a contradiction as it was settled before', () => {
    const vm = (name: string, address: string) => link(`addresses: [10.0.0.${address}/24]`, name);
    const contradiction = { 'a.yaml': vm('vm1', '2'), 'b.yaml': vm('vm2', '2') };
    const looks = [{ 'a.yaml': vm('vm1', '1'), 'b.yaml': vm('vm2', '2') }, contradiction];
    const snapshot = restarted(looks, scanOf(contradiction));
    expect(inForce(snapshot)).toHaveLength(2);
    expect(snapshot.manifests.get('Link/default/vm1' as Key)?.resource.spec).toMatchObject({
      addresses: ['10.0.0.1/24'],
    });
  });

  it('is what each file said, also of a resource that another had declared first', () => {
    const looks = [{ 'a.yaml': bridge('{mtu: 1200}', 'br0'), 'b.yaml': BR0 }];
    const snapshot = restarted(looks, scanOf({ 'b.yaml': BROKEN, 'c.yaml': BR1 }));
    expect(inForce(snapshot)).toEqual(['Bridge/br0 1400', 'Bridge/br1 1400']);
  });

  it('leaves out what no longer parses', () => {
    const source = new ManifestSource();
    source.restore({ 'a.yaml': BROKEN, 'b.yaml': BR1 });
    expect(inForce(source.update({ state: 'unreadable', reason: 'gone' }))).toEqual(['Bridge/br1 1400']);
  });
});
