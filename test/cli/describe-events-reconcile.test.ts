import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { describeCommand } from '../../src/cli/describe.ts';
import { eventsCommand } from '../../src/cli/events.ts';
import { reconcileCommand } from '../../src/cli/reconcile.ts';
import { CapturedIo, NOW, type TestDaemon, manifests, ready, startDaemon } from '../server/fixture.ts';

let daemon: TestDaemon;
let io: CapturedIo;
const now = () => new Date(NOW.getTime() + 125_000);

beforeEach(async () => {
  daemon = await startDaemon();
  io = new CapturedIo();
  daemon.objects.setManifests(
    manifests(
      { kind: 'Link', name: 'vm1', labels: { app: 'web' }, annotations: { note: 'a\u001b[2Jb' } },
      { kind: 'Link', name: 'vm1', namespace: 'lab' },
    ),
  );
  daemon.objects.setConditions('Link/default/vm1' as Key, [ready('False', 'NotReady', 'the bridge is down')]);
  daemon.events.record({
    key: 'Link/lab/vm1' as Key,
    type: 'Normal',
    reason: 'LinkCreated',
    message: 'created vm1',
  });
  for (let round = 0; round < 2; round++) {
    daemon.events.record({
      key: 'Link/default/vm1' as Key,
      type: 'Warning',
      reason: 'NotReady',
      message: 'the bridge is down',
    });
  }
});
afterEach(() => daemon.close());

describe('describe', () => {
  it('prints all that is known of a resource', async () => {
    expect(await describeCommand(daemon.client, { kind: 'link', name: 'vm1', now }, io)).toBe(0);
    const uid = daemon.objects.get('Link/default/vm1' as Key)!.metadata.uid;
    const spec = io.out.indexOf('Spec:');
    const conditions = io.out.indexOf('Conditions:');
    expect(io.out.slice(0, spec)).toEqual([
      'Name:         vm1',
      'Namespace:    default',
      'Labels:       app=web',
      'Annotations:  note=a\\u001b[2Jb',
      'API Version:  lxcnet.dev/v1alpha1',
      'Kind:         Link',
      `UID:          ${uid}`,
      'Generation:   1 (observed: 1)',
      'Age:          2m5s',
    ]);
    expect(io.out.slice(spec, conditions)).toContain('  bridge: br0');
    expect(io.out.slice(conditions)).toEqual([
      'Conditions:',
      '  TYPE    STATUS   REASON     SINCE   MESSAGE',
      '  Ready   False    NotReady   2m5s    the bridge is down',
      'Kernel:',
      '  facts of Link/default/vm1',
      'Events:',
      '  LAST SEEN             TYPE      REASON     MESSAGE',
      '  2m5s (x2 over 2m5s)   Warning   NotReady   the bridge is down',
    ]);
  });

  it('says <none> where there is nothing', async () => {
    daemon.objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }));
    await describeCommand(daemon.client, { kind: 'bridge/br0', now }, io);
    expect(io.out).toContain('Conditions:   <none>');
    expect(io.out).toContain('Events:       <none>');
    expect(io.out).toContain('Labels:       <none>');
  });

  it('says Not Found', async () => {
    expect(await describeCommand(daemon.client, { kind: 'link', name: 'vm9' }, io)).toBe(1);
    expect(io.err).toEqual(['Error from server (NotFound): links.lxcnet.dev "vm9" not found']);
  });
});

describe('events', () => {
  it('prints what happened in every namespace, the newest last', async () => {
    expect(await eventsCommand(daemon.client, { now }, io)).toBe(0);
    expect(io.out).toEqual([
      'LAST SEEN             TYPE      REASON        OBJECT         MESSAGE',
      '2m5s                  Normal    LinkCreated   link/lab/vm1   created vm1',
      '2m5s (x2 over 2m5s)   Warning   NotReady      link/vm1       the bridge is down',
    ]);
  });

  it('prints those of one namespace', async () => {
    await eventsCommand(daemon.client, { namespace: 'lab', now }, io);
    expect(io.out).toHaveLength(2);
    await eventsCommand(daemon.client, { namespace: 'none', now }, io);
    expect(io.err).toEqual(['No events found.']);
  });

  it('goes on with -w', async () => {
    const stop = new AbortController();
    const running = eventsCommand(daemon.client, { watch: true, signal: stop.signal, now }, io);
    await io.until(() => io.out.length === 3);
    daemon.events.record({ type: 'Warning', reason: 'PruneBlocked', message: 'waits\nfor you' });
    await io.until(() => io.out.length === 4);
    stop.abort();
    expect(await running).toBe(0);
    expect(io.out[3]).toMatch(/PruneBlocked +node\/localhost +waits\\u000afor you$/);
  });
});

describe('reconcile', () => {
  it('passes on the options and prints what was done', async () => {
    const options = { allowPrune: true, pruneOrphans: false };
    expect(await reconcileCommand(daemon.client, options, io)).toBe(0);
    expect(daemon.reconciles).toEqual([options]);
    expect(io.out).toEqual(['one orphan', '3 resources, 2 ready, 1 write, 12 ms']);
  });
});
