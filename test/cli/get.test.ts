import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KINDS, type Key } from '../../src/api/key.ts';
import { createClient } from '../../src/cli/client.ts';
import { type GetOptions, getCommand } from '../../src/cli/get.ts';
import { parseManifests } from '../../src/source/parse.ts';
import {
  CapturedIo,
  NOW,
  type TestDaemon,
  makeAllReady,
  manifests,
  ready,
  startDaemon,
  watched,
} from '../server/fixture.ts';

let daemon: TestDaemon;
beforeEach(async () => {
  daemon = await startDaemon();
  daemon.objects.setManifests(
    manifests(
      { kind: 'Namespace', name: 'lab' },
      { kind: 'Bridge', name: 'br0' },
      { kind: 'Link', name: 'vm1', labels: { app: 'web' } },
      { kind: 'Link', name: 'vm2', namespace: 'lab' },
      { kind: 'NetworkPolicy', name: 'mail' },
    ),
  );
  makeAllReady(daemon.objects);
  daemon.objects.setConditions('Link/lab/vm2' as Key, [ready('False', 'ContainerNotRunning', 'netns a\nb')]);
});
afterEach(() => daemon.close());

async function get(options: GetOptions): Promise<{ code: number; out: string[]; err: string[] }> {
  const io = new CapturedIo();
  const code = await getCommand(
    daemon.client,
    { now: () => new Date(NOW.getTime() + 90_000), ...options },
    io,
  );
  return { code, out: io.out, err: io.err };
}

describe('get as a table', () => {
  it('prints the kind’s own columns', async () => {
    expect(await get({ kind: 'links' })).toEqual({
      code: 0,
      out: [
        'NAME   BRIDGE   CONTAINER   ADDRESSES        READY   STATUS    AGE',
        'vm1    br0      netns:vm1   10.10.20.10/24   True    Current   90s',
      ],
      err: [],
    });
  });

  it('prints more with -o wide, and no value breaks the line', async () => {
    expect((await get({ kind: 'link', namespace: 'lab', output: 'wide' })).out).toEqual([
      'NAME   BRIDGE   CONTAINER   ADDRESSES        READY   STATUS       AGE   REASON                GENERATION   MESSAGE',
      'vm2    br0      netns:vm1   10.10.20.10/24   False   InProgress   90s   ContainerNotRunning   1            netns a\\u000ab',
    ]);
  });

  it('puts the namespace first with -A', async () => {
    const { out } = await get({ kind: 'links', allNamespaces: true });
    expect(out.map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['NAMESPACE', 'NAME'],
      ['default', 'vm1'],
      ['lab', 'vm2'],
    ]);
  });

  it('prints one table for each kind where none is given', async () => {
    expect((await get({})).out).toEqual([
      'NAME            STATUS   AGE',
      'namespace/lab   Active   90s',
      '',
      'NAME         INTERFACE   ADDRESSES       READY   STATUS    AGE',
      'bridge/br0   br0         10.10.20.1/24   True    Current   90s',
      '',
      'NAME       BRIDGE   CONTAINER   ADDRESSES        READY   STATUS    AGE',
      'link/vm1   br0      netns:vm1   10.10.20.10/24   True    Current   90s',
      '',
      'NAME                 POD-SELECTOR   READY   STATUS    AGE',
      'networkpolicy/mail   app=web        True    Current   90s',
    ]);
  });

  it('prints the selected ones', async () => {
    expect(
      (await get({ kind: 'links', allNamespaces: true, selector: 'app=web', output: 'name' })).out,
    ).toEqual(['link/vm1']);
  });

  it('says so where there is nothing', async () => {
    const { code, out, err } = await get({ kind: 'routes' });
    expect({ code, out, err }).toEqual({
      code: 0,
      out: [],
      err: ['No resources found in default namespace.'],
    });
  });
});

describe('get for programs', () => {
  it('prints a List as JSON, of all kinds where none is given', async () => {
    const { out } = await get({ allNamespaces: true, output: 'json' });
    const list = JSON.parse(out.join('\n')) as {
      apiVersion: string;
      kind: string;
      items: { kind: string }[];
    };
    expect([list.apiVersion, list.kind]).toEqual(['v1', 'List']);
    expect(list.items.map(({ kind }) => kind)).toEqual([
      'Namespace',
      'Bridge',
      'Link',
      'Link',
      'NetworkPolicy',
    ]);
  });

  it('prints an empty List where there is nothing', async () => {
    const { out, err } = await get({ kind: 'routes', output: 'json' });
    expect((JSON.parse(out.join('\n')) as { items: unknown[] }).items).toEqual([]);
    expect(err).toEqual([]);
  });

  it('prints the object itself where one is named', async () => {
    const { out } = await get({ kind: 'link', name: 'vm1', output: 'json' });
    expect(JSON.parse(out.join('\n'))).toMatchObject({ kind: 'Link', metadata: { name: 'vm1' }, status: {} });
  });

  it('prints YAML', async () => {
    const { out } = await get({ kind: 'link/vm1', output: 'yaml' });
    expect(out).toContain('kind: Link');
    expect(out).toContain('  bridge: br0');
  });

  it('prints names that other commands accept', async () => {
    const { out } = await get({ allNamespaces: true, output: 'name' });
    expect(out).toEqual(['namespace/lab', 'bridge/br0', 'link/vm1', 'link/lab/vm2', 'networkpolicy/mail']);
  });
});

describe('get with mistakes', () => {
  it('says Not Found as kubectl does', async () => {
    const { code, out, err } = await get({ kind: 'link', name: 'vm2' });
    expect({ code, out, err }).toEqual({
      code: 1,
      out: [],
      err: ['Error from server (NotFound): links.lxcnet.dev "vm2" not found'],
    });
  });

  it.each([
    [{ kind: 'pod' }, 'resource type "pod"'],
    [{ kind: 'link', name: 'vm1', allNamespaces: true }, 'across all namespaces'],
    [{ kind: 'link', name: 'vm1', selector: 'a' }, 'cannot be given together'],
    [{ kind: 'all', name: 'vm1' }, 'resource type "all"'],
    [{ kind: 'links', selector: 'a b' }, 'Error from server (BadRequest): unable to parse requirement: a b'],
  ])('refuses %j', async (options, message) => {
    await expect(get(options)).rejects.toThrow(message);
  });

  it('says where it looked for a daemon that is not there', async () => {
    const client = createClient('/nonexistent/lxcnet.sock');
    await expect(getCommand(client, {}, new CapturedIo())).rejects.toThrow(
      'the daemon does not answer on /nonexistent/lxcnet.sock: is `lxcnet run` up?',
    );
  });
});

describe('get -w', () => {
  it('prints what there is, then what changes, until it is stopped', async () => {
    const io = new CapturedIo();
    const stop = new AbortController();
    const running = getCommand(
      daemon.client,
      { kind: 'links', watch: true, signal: stop.signal, now: () => NOW },
      io,
    );
    await io.until(() => io.out.length === 2);
    daemon.objects.setConditions('Link/default/vm1' as Key, [ready('False', 'NotReady')]);
    await io.until(() => io.out.length === 3);
    stop.abort();
    expect(await running).toBe(0);
    expect(io.out[2]).toBe('vm1    br0      netns:vm1   10.10.20.10/24   False   InProgress   0s');
  });

  it('ends with an error when the daemon goes', async () => {
    const io = new CapturedIo();
    const running = getCommand(daemon.client, { watch: true, allNamespaces: true }, io);
    await watched(daemon, KINDS.length);
    await daemon.server.close();
    expect(await running).toBe(1);
    expect(io.err).toEqual(['the daemon ended the watch']);
  });
});

describe('get -o yaml', () => {
  it('prints what a manifest may say, and the parser accepts', async () => {
    const { out } = await get({ kind: 'bridge', name: 'br0', output: 'yaml' });
    const start = out.findIndex((line) => line.startsWith('spec:'));
    const end = out.findIndex((line) => line.startsWith('status:'));
    const head = ['apiVersion: lxcnet.dev/v1alpha1', 'kind: Bridge', 'metadata: {name: br0}'];
    const { manifests: parsed, errors } = parseManifests(
      'a.yaml',
      [...head, ...out.slice(start, end)].join('\n'),
    );
    expect([parsed.length, errors]).toEqual([1, []]);
  });
});
