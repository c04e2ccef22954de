import fc from 'fast-check';
import type {
  ForwardManifest,
  LinkManifest,
  Manifest,
  Peer,
  PolicyManifest,
  PolicyPort,
  Selector,
} from './reference-manifests.ts';
import { inNetwork } from './reference.ts';
import { bridges, forward } from './reference-world.ts';

/*
 * Random manifests around five Links. Their labels, ports, networks and names are drawn from few, so that much of it fits
 * by accident.
 */

const ROOMS = ['default', 'prod', 'tools'] as const;
/** Bridge and last part of the addresses of each Link. */
const PLACES = [
  [0, 10],
  [0, 11],
  [0, 13],
  [1, 10],
  [1, 11],
] as const;
/** One with two addresses of a family, and one without the other family. */
const ADDRESSES: Readonly<Record<number, readonly string[]>> = {
  1: ['10.10.20.11/24', '10.10.20.40/24', 'fd00:20::11/64'],
  4: ['10.10.21.11/24'],
};
export const LINK_NAMES = PLACES.map((_, index) => `link${index}`);

const LABELS = { app: ['a', 'b', 'c'], tier: ['x', 'y'] };
const ROOM_LABELS = { env: ['prod', 'test'], 'kubernetes.io/metadata.name': [...ROOMS] };
type Choices = Readonly<Record<string, readonly string[]>>;

const some = <T>(item: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.array(item, { maxLength: most, size: 'max' }), { nil: undefined, freq: 4 });

function labels(choices: Choices): fc.Arbitrary<Record<string, string>> {
  const values = Object.entries(choices).map(([key, texts]) => [key, fc.constantFrom(...texts)] as const);
  return fc.record(Object.fromEntries(values), { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>;
}

function expression(choices: Choices): fc.Arbitrary<NonNullable<Selector['matchExpressions']>[number]> {
  return fc.constantFrom(...Object.keys(choices)).chain((key) =>
    fc.oneof(
      fc.record({
        key: fc.constant(key),
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.subarray([...choices[key]!], { minLength: 1 }),
      }),
      fc.record({
        key: fc.constant(key),
        operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
      }),
    ),
  );
}

function selector(choices: Choices): fc.Arbitrary<Selector> {
  return fc.oneof(
    fc.constant({}),
    fc.record({ matchLabels: labels(choices) }),
    fc.record({ matchExpressions: fc.array(expression(choices), { minLength: 1, maxLength: 2 }) }),
    fc.record({
      matchLabels: labels(choices),
      matchExpressions: fc.array(expression(choices), { maxLength: 1 }),
    }),
  );
}

/** Around the Links' addresses, those of the client and of the host; many lie inside another. */
const NETWORKS = [
  ...['0.0.0.0/0', '128.0.0.0/1', '10.0.0.0/8', '10.10.0.0/16', '10.10.20.0/23', '10.10.20.0/24'],
  ...['10.10.20.8/29', '10.10.20.10/31', '10.10.20.10/32', '10.10.20.11/32', '10.10.20.12/30'],
  ...['10.10.21.0/24', '10.10.21.10/32', '10.10.20.1/32', '192.168.254.0/24', '192.168.254.2/32'],
  ...['192.168.254.16/28', '192.168.254.19/32'],
  ...['::/0', 'fd00::/8', 'fd00::/16', 'fd00:20::/31', 'fd00:20::/64', 'fd00:20::10/127', 'fd00:20::10/128'],
  ...['fd00:20::11/128', 'fd00:20::12/127', 'fd00:21::/64', 'fd00:21::10/124', 'fd00:21::1/128'],
  ...['fd00:254::/32', 'fd00:254::2/128', 'fd00:254::10/124'],
];

const ipBlock = fc.constantFrom(...NETWORKS).chain((cidr) => {
  const prefix = (text: string): number => Number(text.split('/')[1]);
  const inside = NETWORKS.filter(
    (text) => prefix(text) > prefix(cidr) && inNetwork(text.split('/')[0]!, cidr),
  );
  const except = fc.option(fc.subarray(inside, { maxLength: Math.min(3, inside.length) }), {
    nil: undefined,
  });
  return fc.record({ cidr: fc.constant(cidr), except }).map(withoutUndefined);
});

const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.record({ podSelector: selector(LABELS) }),
  fc.record({ namespaceSelector: selector(ROOM_LABELS) }),
  fc.record({ podSelector: selector(LABELS), namespaceSelector: selector(ROOM_LABELS) }),
  fc.record({ ipBlock }),
  fc.record({ ipBlock }),
);

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);
const number = fc.integer({ min: 79, max: 83 });
const NAMES = ['http', 'dns'];

const port: fc.Arbitrary<PolicyPort> = fc
  .oneof(
    fc.constant({}),
    fc.record({ port: number }),
    fc.record({ port: fc.constantFrom(...NAMES) }),
    fc
      .record({ port: number, more: fc.constantFrom(0, 1, 2, 1000) })
      .map(({ port: first, more }) => ({ port: first, endPort: first + more })),
  )
  .chain((entry) =>
    fc.option(protocol, { nil: undefined }).map((name) => withoutUndefined({ ...entry, protocol: name })),
  );

/** What both kinds of rules have. A name beside a network means nothing that is agreed on where it leads out. */
const rule = (direction: 'from' | 'to'): fc.Arbitrary<Record<string, unknown>> =>
  fc.record({ peers: some(peer, 3), ports: some(port, 3) }).map(({ peers, ports }) => {
    const isUnclear = direction === 'to' && peers?.some((one) => one.ipBlock);
    const kept = ports?.map((one) =>
      isUnclear && typeof one.port === 'string' ? { ...one, port: 80 } : one,
    );
    return withoutUndefined({ [direction]: peers, ports: kept });
  });

const policy = (index: number): fc.Arbitrary<PolicyManifest> =>
  fc
    .record({
      namespace: fc.constantFrom('default' as const, ...ROOMS),
      spec: fc
        .record({
          podSelector: selector(LABELS),
          policyTypes: fc.option(fc.subarray(['Ingress' as const, 'Egress' as const]), { nil: undefined }),
          ingress: some(rule('from'), 3),
          egress: some(rule('to'), 3),
        })
        .map(withoutUndefined),
    })
    .map(({ namespace, spec }) => ({
      kind: 'NetworkPolicy',
      metadata: { name: `policy${index}`, namespace },
      spec,
    }));

const link = (index: number): fc.Arbitrary<LinkManifest> =>
  fc
    .record({
      own: labels(LABELS),
      ports: fc.uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), port: number, protocol }), {
        maxLength: 2,
        selector: ({ name }) => name,
      }),
    })
    .map(({ own, ports }) => {
      const [bridge, last] = PLACES[index]!;
      const addresses = ADDRESSES[index] ?? [`10.10.2${bridge}.${last}/24`, `fd00:2${bridge}::${last}/64`];
      // Moving a Link to another namespace would make it another Link; its labels change instead.
      const metadata = { name: LINK_NAMES[index]!, namespace: ROOMS[index % 3]!, labels: own };
      return { kind: 'Link', metadata, spec: { bridge: `br${bridge}`, addresses, ports } };
    });

const portForward: fc.Arbitrary<ForwardManifest> = fc
  .record({
    index: fc.nat(LINK_NAMES.length - 1),
    protocol,
    port: fc.integer({ min: 80, max: 82 }),
    targetPort: fc.integer({ min: 80, max: 81 }),
    sources: fc.option(fc.subarray(NETWORKS, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    hairpin: fc.boolean(),
  })
  .map(({ index, sources, hairpin, ...ports }) =>
    forward('forward', { name: LINK_NAMES[index]!, namespace: ROOMS[index % 3]! }, [ports], {
      ...(sources && { sources }),
      hairpin,
    }),
  );

/** A whole set of manifests. */
export const manifests: fc.Arbitrary<readonly Manifest[]> = fc
  .record({
    defaultPolicy: fc.constantFrom('Allow' as const, 'Deny' as const),
    rooms: fc.tuple(...ROOMS.slice(1).map(() => labels({ env: ROOM_LABELS.env }))),
    links: fc.tuple(...LINK_NAMES.map((_, index) => link(index))),
    policies: fc
      .integer({ min: 1, max: 6 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => policy(index)))),
    forwards: fc.array(portForward, { maxLength: 1 }),
  })
  .map(({ defaultPolicy, rooms, links, policies, forwards }) => [
    ...rooms.map((own, index): Manifest => ({
      kind: 'Namespace',
      metadata: { name: ROOMS[index + 1]!, labels: own },
    })),
    ...bridges({ defaultPolicy }),
    ...links,
    ...policies,
    ...forwards,
  ]);

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
