import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { createClient } from '../../src/cli/client.ts';
import { type WaitOptions, waitCommand } from '../../src/cli/wait.ts';
import {
  CapturedIo,
  type TestDaemon,
  makeAllReady,
  manifests,
  ready,
  startDaemon,
  watched,
} from '../server/fixture.ts';

let daemon: TestDaemon;
let io: CapturedIo;
beforeEach(async () => {
  daemon = await startDaemon();
  io = new CapturedIo();
});
afterEach(() => daemon.close());

const VM1 = 'Link/default/vm1' as Key;
const link = (bridge: string) =>
  manifests({ kind: 'Link', name: 'vm1', spec: { bridge, container: { netns: 'vm1' } } });

function wait(options: Partial<WaitOptions>): Promise<number> {
  return waitCommand(
    daemon.client,
    { for: 'condition=Ready', resources: [], timeout: '20s', ...options },
    io,
  );
}

describe('wait KIND/NAME', () => {
  it('returns at once where it is so', async () => {
    daemon.objects.setManifests(link('br0'));
    makeAllReady(daemon.objects);
    expect(await wait({ resources: ['link/vm1'] })).toBe(0);
    expect(io.out).toEqual(['link/vm1 condition met']);
  });

  it('waits for the present generation', async () => {
    daemon.objects.setManifests(link('br0'));
    makeAllReady(daemon.objects);
    daemon.objects.setManifests(link('br1'));
    const waiting = wait({ resources: ['link/vm1'] });
    await watched(daemon);
    expect(io.out).toEqual([]);
    daemon.objects.setConditions(VM1, [ready()]);
    expect(await waiting).toBe(0);
  });

  it('waits for a resource that does not exist yet', async () => {
    const waiting = wait({ resources: ['link/vm1'] });
    await watched(daemon);
    daemon.objects.setManifests(link('br0'));
    makeAllReady(daemon.objects);
    expect(await waiting).toBe(0);
  });

  it('waits until all hold at the same time', async () => {
    daemon.objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }, { kind: 'Link', name: 'vm1' }));
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    const waiting = wait({ resources: ['bridge/br0', 'link/vm1'] });
    await watched(daemon);
    daemon.objects.setConditions('Bridge/br0' as Key, [ready('False')]);
    daemon.objects.setConditions(VM1, [ready()]);
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    expect(await waiting).toBe(0);
    expect(io.out).toEqual(['bridge/br0 condition met', 'link/vm1 condition met']);
  });

  it('waits for another status where one is given', async () => {
    daemon.objects.setManifests(link('br0'));
    daemon.objects.setConditions(VM1, [ready('False', 'NotReady')]);
    expect(await wait({ for: 'condition=ready=false', resources: ['link/vm1'] })).toBe(0);
  });

  it('says why not when the time is over', async () => {
    daemon.objects.setManifests(
      manifests({ kind: 'Link', name: 'vm1' }, { kind: 'Link', name: 'vm2', namespace: 'lab' }),
    );
    daemon.objects.setConditions(VM1, [ready('False', 'NotReady', 'the bridge\nis not up')]);
    const resources = ['link/vm1', 'link/lab/vm2', 'link/vm3'];
    expect(await wait({ resources, timeout: '50ms' })).toBe(1);
    expect(io.out).toEqual([]);
    expect(io.err.toSorted()).toEqual([
      'link/lab/vm2: timed out after 50ms: it was not looked at yet',
      'link/vm1: timed out after 50ms: Ready is False: NotReady: the bridge\\u000ais not up',
      'link/vm3: timed out after 50ms: it does not exist',
    ]);
  });

  it('looks once with a timeout of 0', async () => {
    daemon.objects.setManifests(link('br0'));
    expect(await wait({ resources: ['link/vm1'], timeout: '0' })).toBe(1);
    makeAllReady(daemon.objects);
    expect(await wait({ resources: ['link/vm1'], timeout: '0' })).toBe(0);
  });

  it('takes up again after the daemon was restarted', async () => {
    daemon.objects.setManifests(link('br0'));
    const waiting = wait({ resources: ['link/vm1'] });
    await watched(daemon);
    await daemon.server.close();
    await daemon.server.listenSocket(daemon.socketPath);
    makeAllReady(daemon.objects);
    expect(await waiting).toBe(0);
  });
});

describe('wait --all', () => {
  it('waits for every kind, policies too, and leaves out Namespaces', async () => {
    daemon.objects.setManifests(
      manifests(
        { kind: 'Namespace', name: 'lab' },
        { kind: 'Bridge', name: 'br0' },
        { kind: 'NetworkPolicy', name: 'mail', namespace: 'lab' },
      ),
    );
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    const waiting = wait({ all: true });
    await watched(daemon);
    expect(io.out).toEqual([]);
    daemon.objects.setConditions('NetworkPolicy/lab/mail' as Key, [ready()]);
    expect(await waiting).toBe(0);
    expect(io.out.toSorted()).toEqual(['bridge/br0 condition met', 'networkpolicy/lab/mail condition met']);
  });

  it('waits until there are resources', async () => {
    expect(await wait({ all: true, timeout: '50ms' })).toBe(1);
    expect(io.err).toEqual(['timed out after 50ms: there are no resources']);
    const waiting = wait({ all: true });
    await watched(daemon);
    daemon.objects.setManifests(link('br0'));
    makeAllReady(daemon.objects);
    expect(await waiting).toBe(0);
  });

  it('does not wait for what goes', async () => {
    daemon.objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }, { kind: 'Link', name: 'vm1' }));
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    const waiting = wait({ all: true });
    await watched(daemon);
    daemon.objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }));
    expect(await waiting).toBe(0);
    expect(io.out).toEqual(['bridge/br0 condition met']);
  });

  it('takes kinds', async () => {
    daemon.objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }, { kind: 'Link', name: 'vm1' }));
    daemon.objects.setConditions('Bridge/br0' as Key, [ready()]);
    expect(await wait({ all: true, resources: ['bridges'], timeout: '5s' })).toBe(0);
  });
});

describe('wait with mistakes', () => {
  it.each([
    [{}, 'or give --all'],
    [{ resources: ['link/vm1'], timeout: '30' }, 'cannot read the timeout "30"'],
    [{ resources: ['link/vm1'], for: 'delete' }, '--for=condition=TYPE'],
    [{ resources: ['pod/x'] }, 'resource type "pod"'],
    [{ resources: ['link'] }, 'as KIND/NAME'],
  ])('refuses %j', async (options, message) => {
    await expect(wait(options)).rejects.toThrow(message);
  });

  it('says that no daemon answers, and waits for it', async () => {
    const client = createClient('/nonexistent/lxcnet.sock');
    const options = { for: 'condition=Ready', resources: ['link/vm1'], timeout: '300ms' };
    expect(await waitCommand(client, options, io)).toBe(1);
    expect(io.err).toEqual([
      'the daemon does not answer on /nonexistent/lxcnet.sock: is `lxcnet run` up?',
      'link/vm1: timed out after 300ms: it does not exist',
    ]);
  });
});
