import type {
  BridgeManifest,
  ForwardManifest,
  Labels,
  LinkManifest,
  NamespaceManifest,
  PolicyManifest,
} from './reference-manifests.ts';

/*
 * The Links of the truth table, in three namespaces and on two bridges. `http` is another port at db than elsewhere, and
 * `prod` has a Link with the labels of one in `default`.
 *
 *     br0  web 10  default  app=web tier=front      br1  ops 10  prod     app=web tier=front
 *          db  11  default  app=db  tier=back            dev 11  default  no labels
 *          api 12  prod     app=api tier=back            mon 12  tools    app=mon tier=watch
 */

type Ports = NonNullable<LinkManifest['spec']['ports']>;

const HTTP: Ports = [{ name: 'http', port: 80 }];

function link(
  name: string,
  namespace: string,
  place: readonly [bridge: 0 | 1, number: number],
  labels: Labels,
  ports: Ports = [],
): LinkManifest {
  const [bridge, number] = place;
  const addresses = [`10.10.2${bridge}.${number}/24`, `fd00:2${bridge}::${number}/64`];
  return {
    kind: 'Link',
    metadata: { name, namespace, labels },
    spec: { bridge: `br${bridge}`, addresses, ports },
  };
}

export const LINKS: readonly LinkManifest[] = [
  link('web', 'default', [0, 10], { app: 'web', tier: 'front' }, [
    ...HTTP,
    { name: 'dns', port: 81, protocol: 'UDP' },
  ]),
  link('db', 'default', [0, 11], { app: 'db', tier: 'back' }, [{ name: 'http', port: 81 }]),
  link('api', 'prod', [0, 12], { app: 'api', tier: 'back' }, HTTP),
  link('ops', 'prod', [1, 10], { app: 'web', tier: 'front' }, [{ name: 'http', port: 80, protocol: 'UDP' }]),
  link('dev', 'default', [1, 11], {}),
  link('mon', 'tools', [1, 12], { app: 'mon', tier: 'watch' }, HTTP),
];

/** `default` is not declared: it has the label that Kubernetes gives every namespace, and no other. */
export const NAMESPACES: readonly NamespaceManifest[] = [
  { kind: 'Namespace', metadata: { name: 'prod', labels: { env: 'prod', team: 'a' } } },
  { kind: 'Namespace', metadata: { name: 'tools', labels: { env: 'test' } } },
];

export function bridges(spec: Partial<BridgeManifest['spec']> = {}): BridgeManifest[] {
  return ([0, 1] as const).map((number) => ({
    kind: 'Bridge',
    metadata: { name: `br${number}` },
    spec: { addresses: [`10.10.2${number}.1/24`, `fd00:2${number}::1/64`], ...spec },
  }));
}

/** What a case says of a policy; it is given a name. */
export type Policy = PolicyManifest['spec'] & { readonly namespace?: string };

/**
 * Policies with fixed names, so that the next case edits them. As many as there may be: those left over select nothing,
 * since a removal would take half a second.
 */
export function policies(specs: readonly Policy[]): PolicyManifest[] {
  const rooms = [
    ['default', 4],
    ['prod', 2],
    ['tools', 1],
  ] as const;
  return rooms.flatMap(([namespace, count]) => {
    const own = specs.filter((spec) => (spec.namespace ?? 'default') === namespace);
    return Array.from({ length: Math.max(count, own.length) }, (_, index): PolicyManifest => {
      const { namespace: _namespace, ...spec } = own[index] ?? {
        podSelector: { matchLabels: { no: 'body' } },
      };
      return { kind: 'NetworkPolicy', metadata: { name: `policy${index}`, namespace }, spec };
    });
  });
}

/** A forward from eth0. */
export function forward(
  name: string,
  target: ForwardManifest['spec']['link'],
  ports: ForwardManifest['spec']['ports'],
  spec: Partial<ForwardManifest['spec']> = {},
): ForwardManifest {
  return {
    kind: 'PortForward',
    metadata: { name, namespace: 'default' },
    spec: { interfaces: ['eth0'], link: target, ports, ...spec },
  };
}
