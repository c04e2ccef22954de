import type { FastifyInstance } from 'fastify';
import { type Collection, groupOf } from './collection.ts';

const VERBS = ['get', 'list', 'watch'];

/** Tells which kinds there are, the way kubectl asks for it. */
export function serveDiscovery(
  app: FastifyInstance,
  collections: readonly Collection[],
  version: string,
): void {
  const apiVersions = [...new Set(collections.map(({ apiVersion }) => apiVersion))];
  const groups = apiVersions.filter((apiVersion) => groupOf(apiVersion) !== '').map(describeGroup);
  app.get('/api', () => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }));
  app.get('/apis', () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups }));
  for (const group of groups) {
    app.get(`/apis/${group.name}`, () => ({ kind: 'APIGroup', apiVersion: 'v1', ...group }));
  }
  for (const apiVersion of apiVersions) {
    const list = describeResources(apiVersion, collections);
    app.get(pathOf(apiVersion), () => list);
  }
  app.get('/version', () => describeVersion(version));
}

/** Where the collections of a version are served. */
export function pathOf(apiVersion: string): string {
  return groupOf(apiVersion) === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
}

interface ApiGroup {
  readonly name: string;
  readonly versions: readonly object[];
  readonly preferredVersion: object;
}

function describeGroup(apiVersion: string): ApiGroup {
  const version = { groupVersion: apiVersion, version: apiVersion.slice(apiVersion.indexOf('/') + 1) };
  return { name: groupOf(apiVersion), versions: [version], preferredVersion: version };
}

function describeResources(apiVersion: string, collections: readonly Collection[]): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion,
    resources: collections
      .filter((collection) => collection.apiVersion === apiVersion)
      .map(({ kind, plural, shortNames, namespaced }) => ({
        name: plural,
        singularName: kind.toLowerCase(),
        namespaced,
        kind,
        verbs: VERBS,
        shortNames,
      })),
  };
}

function describeVersion(version: string): object {
  const [major = '', minor = ''] = version.split('.');
  return {
    major,
    minor,
    gitVersion: `v${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '',
    goVersion: '',
    compiler: '',
    platform: `${process.platform}/${process.arch}`,
  };
}
