import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { type TestDaemon, manifests, ready, startDaemon } from './fixture.ts';
import { call } from './http.ts';

let daemon: TestDaemon;
beforeEach(async () => {
  daemon = await startDaemon();
  daemon.objects.setManifests(
    manifests(
      { kind: 'Namespace', name: 'lab' },
      { kind: 'Bridge', name: 'br0', labels: { zone: 'a' } },
      { kind: 'Link', name: 'vm1', labels: { app: 'web', tier: 'front' } },
      { kind: 'Link', name: 'vm2', namespace: 'lab', labels: { app: 'db' } },
      { kind: 'NetworkPolicy', name: 'mail' },
    ),
  );
});
afterEach(() => daemon.close());

const LINKS = '/apis/lxcnet.dev/v1alpha1/links';

describe('watch', () => {
  /** A watch's lines, in the order of arrival. */
  async function watch(query: string) {
    const outgoing = request({
      socketPath: daemon.socketPath,
      path: `${LINKS}?watch=true&${query}`,
      agent: false,
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    let received = '';
    const lines = (): string[] =>
      received
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const { type, object } = JSON.parse(line) as {
            type: string;
            object: { metadata: { name: string } };
          };
          return `${type} ${object.metadata.name}`;
        });
    response.on('data', (chunk: string) => (received += chunk));
    return {
      response,
      outgoing,
      lines,
      async until(count: number): Promise<string[]> {
        while (lines().length < count) await once(response, 'data');
        return lines();
      },
    };
  }

  const vm1 = 'Link/default/vm1' as Key;

  it('begins with what there is, then tells changes, and nothing of other kinds', async () => {
    const { until, outgoing } = await watch('');
    expect(await until(2)).toEqual(['ADDED vm1', 'ADDED vm2']);
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    daemon.objects.setConditions(vm1, [ready()]);
    daemon.objects.setManifests(manifests({ kind: 'Link', name: 'vm1' }));
    expect((await until(5)).slice(2)).toEqual(['MODIFIED vm1', 'MODIFIED vm1', 'DELETED vm2']);
    outgoing.destroy();
  });

  it('goes on from a resource version', async () => {
    const since = daemon.objects.resourceVersion;
    daemon.objects.setConditions(vm1, [ready()]);
    const { until, outgoing } = await watch(`resourceVersion=${since}`);
    expect(await until(1)).toEqual(['MODIFIED vm1']);
    outgoing.destroy();
  });

  it('tells ADDED and DELETED as labels begin and cease to match', async () => {
    const { until, outgoing } = await watch('labelSelector=app%3Dweb');
    await until(1);
    const link = (name: string, app: string) => ({ kind: 'Link', name, labels: { app } }) as const;
    daemon.objects.setManifests(manifests(link('vm1', 'db'), link('vm3', 'db')));
    daemon.objects.setManifests(manifests(link('vm1', 'web'), link('vm3', 'db')));
    daemon.objects.setManifests(manifests(link('vm1', 'web')));
    daemon.objects.setConditions(vm1, [ready()]);
    expect(await until(4)).toEqual(['ADDED vm1', 'DELETED vm1', 'ADDED vm1', 'MODIFIED vm1']);
    outgoing.destroy();
  });

  it('says 410 Gone where the version is too old', async () => {
    for (let round = 0; round < 3100; round++) {
      daemon.objects.setConditions(vm1, [ready('True', 'R', String(round))]);
    }
    const { code, json } = await call(daemon, `${LINKS}?watch=true&resourceVersion=5`);
    expect(code).toBe(410);
    expect(json).toMatchObject({ kind: 'Status', reason: 'Expired', code: 410 });
  });

  it('says so of a version that was never given out', async () => {
    expect((await call(daemon, `${LINKS}?watch=true&resourceVersion=999999`)).code).toBe(410);
  });

  it('ends when its time is over', async () => {
    const { response, lines } = await watch('timeoutSeconds=1');
    const started = performance.now();
    await once(response, 'end');
    expect(performance.now() - started).toBeGreaterThan(500);
    expect(lines()).toHaveLength(2);
  });

  it('ends at once when the server closes', async () => {
    const { response, until } = await watch('');
    await until(2);
    const ended = once(response, 'end');
    const started = performance.now();
    await Promise.all([ended, daemon.server.close()]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('is no burden after the client went', async () => {
    const { outgoing, until } = await watch('');
    await until(2);
    outgoing.destroy();
    const again = await watch('');
    await again.until(2);
    daemon.objects.setConditions(vm1, [ready()]);
    expect(await again.until(3)).toHaveLength(3);
    again.outgoing.destroy();
  });

  it('tells events, counted ones as modified', async () => {
    const outgoing = request({
      socketPath: daemon.socketPath,
      path: '/api/v1/events?watch=1&timeoutSeconds=1',
      agent: false,
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    for (let round = 0; round < 2; round++) {
      daemon.events.record({ key: vm1, type: 'Normal', reason: 'A', message: 'a' });
    }
    const types = (await text(response)).match(/"type":"(ADDED|MODIFIED)"/g);
    expect(types).toEqual(['"type":"ADDED"', '"type":"MODIFIED"']);
  });
});
