import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDaemon, manifests, startDaemon } from './fixture.ts';
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

describe('own verbs', () => {
  it('begins and ends trials, and says why not', async () => {
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      return call(daemon, `/lxcnet/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    };
    expect((await post('trial', { milliseconds: 60_000 })).json).toEqual({ id: 'one' });
    expect((await post('trial', { milliseconds: 60_001 })).json).toMatchObject({
      message: 'busy',
      code: 422,
    });
    for (const body of [{}, { milliseconds: 0 }, { milliseconds: 86_400_001 }, { milliseconds: '1' }])
      expect((await post('trial', body)).code).toBe(400);
    expect((await post('trial/end', { keep: true })).code).toBe(200);
    expect((await post('trial/end', { keep: false })).json).toMatchObject({ message: 'nothing is on trial' });
    expect((await post('trial/end', {})).code).toBe(400);
  });

  it('reconcile, with and without a body', async () => {
    const headers = { 'content-type': 'application/json' };
    const { json } = await call(daemon, '/lxcnet/v1/reconcile', {
      method: 'POST',
      headers,
      body: '{"allowPrune":true}',
    });
    expect(json).toMatchObject({ resources: 3, ready: 2, notes: ['one orphan'] });
    await call(daemon, '/lxcnet/v1/reconcile', { method: 'POST' });
    expect(daemon.reconciles).toEqual([
      { allowPrune: true, pruneOrphans: false },
      { allowPrune: false, pruneOrphans: false },
    ]);
  });

  it.each(['{"allowPrune":1}', '{"prune":true}', '[]', '{'])('refuse the body %s', async (body) => {
    const headers = { 'content-type': 'application/json' };
    const { code } = await call(daemon, '/lxcnet/v1/reconcile', { method: 'POST', headers, body });
    expect([code, daemon.reconciles]).toEqual([400, []]);
  });

  it("serve LXC's hooks", async () => {
    const headers = { 'content-type': 'application/json' };
    const post = (verb: string, body: object): Promise<{ code: number }> =>
      call(daemon, `/lxcnet/v1/lxc/vm1/${verb}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect((await call(daemon, '/lxcnet/v1/lxc/vm1?path=/var/lib/lxc')).json).toMatchObject({
      verdict: 'wait',
      reason: 'vm1 in /var/lib/lxc has no filter',
    });
    const process = { pid: 7, identity: '4:4026531840' };
    expect((await post('started', { path: '/lxc', ...process })).code).toBe(200);
    expect((await post('stopped', { path: '/lxc' })).code).toBe(200);
    const told = [
      { name: 'vm1', path: '/lxc', ...process },
      { name: 'vm1', path: '/lxc' },
    ];
    expect(daemon.hooks).toEqual(told);
    for (const body of [{ path: '/lxc', pid: 0, identity: '4:1' }, { path: 'lxc', ...process }, process])
      expect((await post('started', body)).code).toBe(400);
    expect((await call(daemon, '/lxcnet/v1/lxc/vm1')).code).toBe(400);
    expect(daemon.hooks).toEqual(told);
  });

  it('tell what is in the kernel', async () => {
    expect((await call(daemon, '/lxcnet/v1/kernel/br/br0')).json).toEqual({ facts: ['facts of Bridge/br0'] });
    expect((await call(daemon, '/lxcnet/v1/kernel/Link/lab/vm2')).json).toEqual({
      facts: ['facts of Link/lab/vm2'],
    });
    for (const path of ['Link/vm1', 'Bridge/default/br0', 'Pod/x', 'Bridge/br9']) {
      expect([path, (await call(daemon, `/lxcnet/v1/kernel/${path}`)).code]).toEqual([path, 404]);
    }
  });
});

describe('health', () => {
  it('says ok, and at /readyz what is missing', async () => {
    expect(await call(daemon, '/readyz')).toMatchObject({ code: 200, body: 'ok' });
    daemon.checks.push({ name: 'first-pass', failure: () => 'not over\nyet' });
    expect(await call(daemon, '/readyz')).toMatchObject({
      code: 503,
      body: '[-]first-pass failed: not over yet\nreadyz check failed\n',
    });
    expect((await call(daemon, '/healthz')).code).toBe(200);
    expect((await call(daemon, '/livez')).code).toBe(200);
  });
});

describe('the unix socket', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'lxcnet-socket-'))));
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is for owner and group', async () => {
    expect((await stat(daemon.socketPath)).mode & 0o777).toBe(0o660);
  });

  it('is not taken from a daemon that answers', async () => {
    await expect(daemon.server.listenSocket(daemon.socketPath)).rejects.toThrow(
      'another lxcnet already listens',
    );
    expect((await call(daemon, '/version')).code).toBe(200);
  });

  it('replaces the file that a killed process has left', async () => {
    const path = join(directory, 'stale.sock');
    const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child: ChildProcess = spawn(process.execPath, ['-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
    await daemon.server.listenSocket(path);
  });

  it('does not replace another kind of file', async () => {
    const path = join(directory, 'file');
    await writeFile(path, 'precious');
    await expect(daemon.server.listenSocket(path)).rejects.toThrow('is not a socket');
  });
});

describe('a TCP port', () => {
  it('serves the same, read-only', async () => {
    const address = await daemon.server.listenTcp('127.0.0.1:0');
    const list = await fetch(`http://${address}${LINKS}`);
    expect(((await list.json()) as { items: unknown[] }).items).toHaveLength(2);
    const write = await fetch(`http://${address}/lxcnet/v1/reconcile`, { method: 'POST' });
    expect([write.status, daemon.reconciles]).toEqual([405, []]);
    const trial = await fetch(`http://${address}/lxcnet/v1/trial`, { method: 'POST' });
    expect(trial.status).toBe(405);
    const hook = await fetch(`http://${address}/lxcnet/v1/lxc/vm1/stopped`, { method: 'POST' });
    expect([hook.status, daemon.hooks]).toEqual([405, []]);
  });

  it.each(['9469', 'a:b', '127.0.0.1:99999', '::1:80', ''])('cannot be %j', async (address) => {
    await expect(daemon.server.listenTcp(address)).rejects.toThrow('HOST:PORT');
  });
});
