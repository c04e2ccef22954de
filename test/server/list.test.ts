import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { type TestDaemon, makeAllReady, manifests, startDaemon } from './fixture.ts';
import { type Answer, call } from './http.ts';

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

function names({ json }: Answer): readonly string[] {
  return (json.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

describe('discovery', () => {
  it('lists groups and versions', async () => {
    expect((await call(daemon, '/api')).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = (await call(daemon, '/apis')).json.groups as { name: string }[];
    expect(groups.map(({ name }) => name)).toEqual(['lxcnet.dev', 'networking.k8s.io']);
    expect((await call(daemon, '/apis/lxcnet.dev')).json).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'lxcnet.dev/v1alpha1' },
    });
  });

  it.each([
    ['/api/v1', ['namespaces', 'events']],
    ['/apis/lxcnet.dev/v1alpha1', ['bridges', 'links', 'routes', 'portforwards']],
    ['/apis/networking.k8s.io/v1', ['networkpolicies']],
  ])('lists the resources of %s', async (path, expected) => {
    const { json } = await call(daemon, path);
    expect(json.kind).toBe('APIResourceList');
    expect((json.resources as { name: string }[]).map(({ name }) => name)).toEqual(expected);
  });

  it('tells short names, scope and verbs', async () => {
    const { json } = await call(daemon, '/apis/lxcnet.dev/v1alpha1');
    expect((json.resources as object[])[0]).toEqual({
      name: 'bridges',
      singularName: 'bridge',
      namespaced: false,
      kind: 'Bridge',
      verbs: ['get', 'list', 'watch'],
      shortNames: ['br'],
    });
  });

  it('tells the version', async () => {
    expect((await call(daemon, '/version')).json).toMatchObject({
      gitVersion: 'v0.1.0',
      major: '0',
      minor: '1',
    });
  });
});

describe('list and get', () => {
  it('lists across namespaces and in one', async () => {
    const all = await call(daemon, LINKS);
    expect(all.json).toMatchObject({
      kind: 'LinkList',
      apiVersion: 'lxcnet.dev/v1alpha1',
      metadata: { resourceVersion: '5' },
    });
    expect(names(all)).toEqual(['vm1', 'vm2']);
    expect(names(await call(daemon, '/apis/lxcnet.dev/v1alpha1/namespaces/lab/links'))).toEqual(['vm2']);
    expect(
      names(await call(daemon, '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies')),
    ).toEqual(['mail']);
    expect(names(await call(daemon, '/api/v1/namespaces'))).toEqual(['lab']);
  });

  it.each([
    ['app=web', ['vm1']],
    ['app==web,tier=front', ['vm1']],
    ['app!=web', ['vm2']],
    ['app in (web, db)', ['vm1', 'vm2']],
    ['app notin (db),tier', ['vm1']],
    ['!tier', ['vm2']],
    ['', ['vm1', 'vm2']],
  ])('selects by the labels %j', async (selector, expected) => {
    expect(names(await call(daemon, `${LINKS}?labelSelector=${encodeURIComponent(selector)}`))).toEqual(
      expected,
    );
  });

  it.each([
    ['metadata.name=vm1', ['vm1']],
    ['metadata.name!=vm1', ['vm2']],
    ['metadata.namespace=lab,metadata.name==vm2', ['vm2']],
  ])('selects by the fields %j', async (selector, expected) => {
    expect(names(await call(daemon, `${LINKS}?fieldSelector=${encodeURIComponent(selector)}`))).toEqual(
      expected,
    );
  });

  it.each([
    'labelSelector=a%20b',
    'labelSelector=app%20in%20web',
    'labelSelector=_%24%3Dx',
    'fieldSelector=spec.bridge%3Dbr0',
    'fieldSelector=reason%3Dx',
    'watch=maybe',
    'watch=true&resourceVersion=abc',
    'watch=true&timeoutSeconds=-1',
    'watch=true&watch=true',
  ])('refuses the query %s', async (query) => {
    expect((await call(daemon, `${LINKS}?${query}`)).json).toMatchObject({
      kind: 'Status',
      code: 400,
      reason: 'BadRequest',
    });
  });

  it('gets one object', async () => {
    expect((await call(daemon, '/apis/lxcnet.dev/v1alpha1/namespaces/default/links/vm1')).json).toMatchObject(
      {
        apiVersion: 'lxcnet.dev/v1alpha1',
        kind: 'Link',
        metadata: { name: 'vm1', labels: { app: 'web' } },
      },
    );
    expect((await call(daemon, '/apis/lxcnet.dev/v1alpha1/bridges/br0')).code).toBe(200);
  });

  it('says Not Found as Kubernetes does', async () => {
    const { code, json } = await call(daemon, '/apis/lxcnet.dev/v1alpha1/namespaces/lab/links/vm1');
    expect(code).toBe(404);
    expect(json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'links.lxcnet.dev "vm1" not found',
      reason: 'NotFound',
      details: { name: 'vm1', group: 'lxcnet.dev', kind: 'links' },
      code: 404,
    });
    expect((await call(daemon, '/apis/lxcnet.dev/v1alpha1/pods')).json).toMatchObject({
      kind: 'Status',
      code: 404,
    });
    expect((await call(daemon, '/apis/lxcnet.dev/v1alpha1/bridges/..%2F..%2Fetc')).code).toBe(404);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'refuses %s, and says to edit the manifests',
    async (method) => {
      const { code, json } = await call(daemon, '/apis/lxcnet.dev/v1alpha1/bridges/br0', {
        method,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: 'a: b',
      });
      expect(code).toBe(405);
      expect(json).toMatchObject({ kind: 'Status', reason: 'MethodNotAllowed' });
      expect(json.message).toContain('editing the manifests');
    },
  );

  it('serves the table that kubectl prints', async () => {
    makeAllReady(daemon.objects);
    const { json } = await call(daemon, LINKS, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
    expect(json.kind).toBe('Table');
    expect((json.columnDefinitions as { name: string }[]).map(({ name }) => name)).toEqual([
      'NAME', 'BRIDGE', 'CONTAINER', 'ADDRESSES', 'READY', 'STATUS', 'AGE', 'REASON', 'GENERATION', 'MESSAGE',
    ]); // prettier-ignore
    expect((json.rows as { cells: string[] }[])[0]!.cells.slice(0, 7)).toEqual([
      'vm1', 'br0', 'netns:vm1', '10.10.20.10/24', 'True', 'Current', '0s',
    ]); // prettier-ignore
  });
});

describe('events', () => {
  beforeEach(() => {
    daemon.events.record({ key: 'Link/default/vm1' as Key, type: 'Normal', reason: 'A', message: 'a' });
    daemon.events.record({ key: 'Link/lab/vm2' as Key, type: 'Warning', reason: 'B', message: 'b' });
  });

  const reasons = ({ json }: Answer): readonly string[] =>
    (json.items as { reason: string }[]).map(({ reason }) => reason);

  it('are listed across namespaces and in one', async () => {
    expect(reasons(await call(daemon, '/api/v1/events'))).toEqual(['A', 'B']);
    expect(reasons(await call(daemon, '/api/v1/namespaces/lab/events'))).toEqual(['B']);
  });

  it('are found by what they are about', async () => {
    const selector = encodeURIComponent('involvedObject.kind=Link,involvedObject.name=vm1');
    expect(reasons(await call(daemon, `/api/v1/events?fieldSelector=${selector}`))).toEqual(['A']);
    expect(reasons(await call(daemon, '/api/v1/events?fieldSelector=type%3DWarning'))).toEqual(['B']);
  });
});
