import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import type { ObjectChange } from '../../src/api/object.ts';
import { ObjectStore } from '../../src/engine/object-store.ts';
import { manifests, ready } from '../server/fixture.ts';

const VM1 = 'Link/default/vm1' as Key;
const BR0 = 'Bridge/br0' as Key;

function storeAt(start: string) {
  let time = new Date(start);
  let uids = 0;
  const store = new ObjectStore({ now: () => time, uid: () => `uid-${++uids}` });
  return { store, at: (text: string) => (time = new Date(text)) };
}

const link = (more: object = {}) => manifests({ kind: 'Link', name: 'vm1', ...more });

describe('setManifests', () => {
  it('gives a new resource identity, generation 1 and no conditions', () => {
    const { store } = storeAt('2026-11-24T12:00:00.900Z');
    expect(store.setManifests(link())).toEqual({ changed: [VM1], removed: [] });
    expect(store.get(VM1)).toMatchObject({
      metadata: {
        name: 'vm1',
        namespace: 'default',
        uid: 'uid-1',
        generation: 1,
        resourceVersion: '1',
        creationTimestamp: '2026-11-24T12:00:00Z',
      },
      status: { observedGeneration: 0, conditions: [] },
    });
  });

  it('changes nothing where the manifests say the same', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    expect(store.setManifests(link())).toEqual({ changed: [], removed: [] });
    expect(store.resourceVersion).toBe(1);
  });

  it('does not take another order of keys for a change', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link({ spec: { bridge: 'br0', container: { netns: 'a' } } }));
    store.setManifests(link({ spec: { container: { netns: 'a' }, bridge: 'br0' } }));
    expect(store.get(VM1)!.metadata.generation).toBe(1);
  });

  it('raises the generation with the spec', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setManifests(link({ spec: { bridge: 'br1', container: { netns: 'a' } } }));
    expect(store.get(VM1)!.metadata).toMatchObject({ generation: 2, resourceVersion: '2', uid: 'uid-1' });
  });

  it.each(['labels', 'annotations'])(
    'does not raise the generation with the %s, but tells of them',
    (field) => {
      const { store } = storeAt('2026-11-24T12:00:00Z');
      store.setManifests(link());
      expect(store.setManifests(link({ [field]: { app: 'web' } })).changed).toEqual([VM1]);
      expect(store.get(VM1)!.metadata).toMatchObject({ generation: 1, resourceVersion: '2' });
    },
  );

  it('tells what is gone, and gives it a new identity when it comes back', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    expect(store.setManifests(new Map())).toEqual({ changed: [], removed: [VM1] });
    store.setManifests(link());
    expect(store.get(VM1)!.metadata).toMatchObject({ uid: 'uid-2', generation: 1 });
  });

  it('labels a Namespace with its name', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(manifests({ kind: 'Namespace', name: 'lab', labels: { team: 'a' } }));
    expect(store.list()[0]!.metadata.labels).toEqual({ team: 'a', 'kubernetes.io/metadata.name': 'lab' });
  });

  it('lists by kind, namespace, name', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(
      manifests(
        { kind: 'PortForward', name: 'a' },
        { kind: 'Link', name: 'a', namespace: 'lab' },
        { kind: 'Link', name: 'b' },
        { kind: 'Link', name: 'a' },
        { kind: 'Bridge', name: 'z' },
      ),
    );
    expect(
      store.list().map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`),
    ).toEqual(['Bridge//z', 'Link/default/a', 'Link/default/b', 'Link/lab/a', 'PortForward/default/a']);
  });
});

describe('setConditions', () => {
  it('stamps generation and time', () => {
    const { store } = storeAt('2026-11-24T12:00:00.5Z');
    store.setManifests(link());
    expect(store.setConditions(VM1, [ready()])).toBe(true);
    expect(store.get(VM1)!.status).toEqual({
      observedGeneration: 1,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'ReconciliationSucceeded',
          message: '',
          lastTransitionTime: '2026-11-24T12:00:00Z',
          observedGeneration: 1,
        },
      ],
    });
  });

  it('makes no new version where nothing differs', () => {
    const { store, at } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setConditions(VM1, [ready()]);
    at('2026-11-24T13:00:00Z');
    expect(store.setConditions(VM1, [ready()])).toBe(false);
    expect(store.resourceVersion).toBe(2);
  });

  it('moves the transition time only with the status', () => {
    const { store, at } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setConditions(VM1, [ready('False', 'NotReady')]);
    at('2026-11-24T13:00:00Z');
    store.setConditions(VM1, [ready('False', 'NotFound')]);
    expect(store.get(VM1)!.status.conditions[0]!.lastTransitionTime).toBe('2026-11-24T12:00:00Z');
    store.setConditions(VM1, [ready('True')]);
    expect(store.get(VM1)!.status.conditions[0]!.lastTransitionTime).toBe('2026-11-24T13:00:00Z');
  });

  it('puts Ready first and leaves out what is only told while it holds', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setConditions(VM1, [
      { type: 'ReferencesResolved', status: 'False', reason: 'NotFound', message: '' },
      { type: 'Stalled', status: 'True', reason: 'NameConflict', message: '' },
      { type: 'Reconciling', status: 'False', reason: 'Progressing', message: '' },
      { type: 'Contested', status: 'Unknown', reason: 'X', message: '' },
      ready('False'),
    ]);
    const types = store.get(VM1)!.status.conditions.map(({ type }) => type);
    expect(types).toEqual(['Ready', 'Stalled', 'ReferencesResolved']);
  });

  it('keeps the token of the last handled request', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setConditions(VM1, [ready()], { lastHandledReconcileAt: 'now' });
    expect(store.setConditions(VM1, [ready()])).toBe(false);
    expect(store.get(VM1)!.status.lastHandledReconcileAt).toBe('now');
  });

  it('ignores a resource that is gone', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    expect(store.setConditions(VM1, [ready()])).toBe(false);
  });
});

describe('changesSince', () => {
  function collect(store: ObjectStore, version: number): ObjectChange[] {
    const seen: ObjectChange[] = [];
    store.changesSince(version)!.subscribe((change) => seen.push(change));
    return seen;
  }

  it('replays what came after the version, then goes on', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(manifests({ kind: 'Bridge', name: 'br0' }));
    store.setManifests(manifests({ kind: 'Bridge', name: 'br0' }, { kind: 'Link', name: 'vm1' }));
    const seen = collect(store, 1);
    store.setConditions(BR0, [ready()]);
    store.setManifests(link());
    expect(
      seen.map(({ type, object }) => [type, object.metadata.name, object.metadata.resourceVersion]),
    ).toEqual([
      ['ADDED', 'vm1', '2'],
      ['MODIFIED', 'br0', '3'],
      ['DELETED', 'br0', '4'],
    ]);
  });

  it('does not know versions that are too old, or that it never gave out', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    for (let round = 0; round < 3000; round++) store.setConditions(VM1, [ready('True', 'R', String(round))]);
    expect(store.changesSince(1)).toBeUndefined();
    expect(store.changesSince(store.resourceVersion + 1)).toBeUndefined();
    expect(collect(store, store.resourceVersion - 2000)).toHaveLength(2000);
    expect(collect(store, store.resourceVersion)).toEqual([]);
  });
});

describe('a restart', () => {
  function restart(store: ObjectStore, now: string): ObjectStore {
    const persisted = JSON.parse(JSON.stringify(store.serialize())) as ReturnType<ObjectStore['serialize']>;
    return new ObjectStore({ now: () => new Date(now), uid: () => 'another', persisted });
  }

  it('keeps identity, generation and age', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setManifests(link({ spec: { bridge: 'br1', container: { netns: 'a' } } }));
    const next = restart(store, '2026-11-25T12:00:00Z');
    next.setManifests(link({ spec: { bridge: 'br1', container: { netns: 'a' } } }));
    const { uid, generation, creationTimestamp } = next.get(VM1)!.metadata;
    expect({ uid, generation, creationTimestamp }).toEqual({
      uid: 'uid-1',
      generation: 2,
      creationTimestamp: '2026-11-24T12:00:00Z',
    });
  });

  it('raises the generation of what was edited meanwhile', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    const next = restart(store, '2026-11-25T12:00:00Z');
    next.setManifests(link({ spec: { bridge: 'br1', container: { netns: 'a' } } }));
    expect(next.get(VM1)!.metadata.generation).toBe(2);
  });

  it('does not call anything Ready before it was looked at, and remembers since when it is', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    store.setConditions(VM1, [ready()]);
    const between = restart(store, '2026-11-25T12:00:00Z');
    between.setManifests(link()); // and ends before its first look
    const next = restart(between, '2026-11-25T12:00:00Z');
    next.setManifests(link());
    expect(next.get(VM1)!.status.conditions).toEqual([]);
    next.setConditions(VM1, [ready()]);
    expect(next.get(VM1)!.status.conditions[0]!.lastTransitionTime).toBe('2026-11-24T12:00:00Z');
  });

  it('never gives out a version again', () => {
    const { store } = storeAt('2026-11-24T12:00:00Z');
    store.setManifests(link());
    const next = restart(store, '2026-11-25T12:00:00Z');
    next.setManifests(link());
    expect(next.changesSince(store.resourceVersion)).toBeUndefined();
    expect(next.resourceVersion).toBeGreaterThan(store.resourceVersion + 1);
  });
});
