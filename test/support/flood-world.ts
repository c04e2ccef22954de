import { CLIENT, CLIENT6, HOST, HOST6 } from './lab-network.ts';
import type { Kind } from './flood.ts';

/*
 * The part of the flood's world that no edit touches: what it allows and what it forbids holds at every instant. Ingress
 * of b and d and egress of a are closed but for what stands here and for ports 90 to 99; every other end is open, so
 * that one end alone decides.
 */

type Document = Readonly<Record<string, unknown>>;

export interface Place {
  readonly bridge: 'br0' | 'br1';
  readonly namespace: 'default' | 'prod';
  readonly ipv4: string;
  readonly ipv6: string;
}

const place = (bridge: Place['bridge'], namespace: Place['namespace'], number: number): Place => {
  const net = bridge === 'br0' ? 20 : 21;
  return { bridge, namespace, ipv4: `10.10.${net}.${number}`, ipv6: `fd00:${net}::${number}` };
};

export const PLACES = {
  a: place('br0', 'default', 10),
  b: place('br0', 'default', 11),
  c: place('br0', 'default', 12),
  d: place('br1', 'prod', 10),
  e: place('br1', 'prod', 11),
} as const;
export type Name = keyof typeof PLACES;
export const NAMES = Object.keys(PLACES) as readonly Name[];

export function bridge(name: Place['bridge'], defaultPolicy: string): Document {
  const net = name === 'br0' ? 20 : 21;
  const addresses = [`10.10.${net}.1/24`, `fd00:${net}::1/64`];
  return ours('Bridge', { name }, { addresses, defaultPolicy });
}

export function link(name: Name, netns: string, labels: Readonly<Record<string, string>>): Document {
  const { bridge: at, namespace, ipv4, ipv6 } = PLACES[name];
  return ours(
    'Link',
    { name, namespace, labels: { ...labels, app: name } },
    {
      bridge: at,
      container: { netns },
      addresses: [`${ipv4}/24`, `${ipv6}/64`],
      ports: [{ name: 'web', port: name < 'c' ? 97 : 98 }],
    },
  );
}

export function forward(
  name: string,
  target: Name,
  ports: readonly Document[],
  spec: Document = {},
): Document {
  const { namespace } = PLACES[target];
  return ours(
    'PortForward',
    { name },
    { interfaces: ['eth0'], ports, link: { name: target, namespace }, ...spec },
  );
}

export function policy(namespace: Place['namespace'], name: string, spec: Document): Document {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}

export function peer(name: Name): Document {
  const labels = { 'kubernetes.io/metadata.name': PLACES[name].namespace };
  return { podSelector: { matchLabels: { app: name } }, namespaceSelector: { matchLabels: labels } };
}

export const both = (port: number): Document[] => ['TCP', 'UDP'].map((protocol) => ({ protocol, port }));
export const blocks = (...cidrs: readonly string[]): Document[] =>
  cidrs.map((cidr) => ({ ipBlock: { cidr } }));

function ours(kind: string, metadata: Document, spec: Document): Document {
  return { apiVersion: 'lxcnet.dev/v1alpha1', kind, metadata, spec };
}

function keep(name: Name, spec: Document): Document {
  return policy(PLACES[name].namespace, `keep-${name}`, {
    podSelector: { matchLabels: { app: name } },
    ...spec,
  });
}

/** What no edit touches. */
export const KEPT: readonly Document[] = [
  keep('a', { policyTypes: ['Egress'], egress: [{ to: [peer('b')], ports: both(80) }] }),
  keep('b', { ingress: [{ from: [peer('a'), peer('d')], ports: both(80) }] }),
  keep('c', { policyTypes: ['Egress'], egress: [{}] }),
  keep('d', {
    policyTypes: ['Ingress', 'Egress'],
    egress: [
      { to: [peer('b')], ports: both(80) },
      { to: blocks('192.168.254.0/24', 'fd00:254::/64'), ports: both(80) },
    ],
  }),
  keep('e', { policyTypes: ['Egress'], egress: [{}] }),
  forward('keep', 'b', [
    { port: 8080, targetPort: 80 },
    { protocol: 'UDP', port: 8080, targetPort: 80 },
  ]),
];

/** Which ports every namespace answers on. */
export const SERVED: readonly number[] = [70, 80, 81, 82, 90];

const { a, b, c, d, e } = PLACES;
const SYN_ACK = 0x12;
const ACK = 0x10;
type Rest = Partial<Kind>;
const kind = (
  verdict: Kind['verdict'],
  from: string,
  protocol: Kind['protocol'],
  address: string,
  port: number,
  rest: Rest = {},
): Omit<Kind, 'number'> => {
  const source = rest.raw ? ` raw from ${rest.raw.source}` : '';
  const title = `${verdict} ${from} > ${address} ${protocol}/${port}${source}${rest.fresh ? ' fresh' : ''}`;
  return { title, verdict, from, protocol, address, port, ...rest };
};
const raw = (
  from: string,
  source: string,
  protocol: Kind['protocol'],
  address: string,
  port: number,
  more: Partial<Kind['raw']> = {},
): Omit<Kind, 'number'> => kind('forbidden', from, protocol, address, port, { raw: { source, ...more } });
const fresh = { fresh: true };

export const KINDS: readonly Kind[] = [
  kind('steady', 'a', 'TCP', b.ipv4, 80),
  kind('steady', 'a', 'TCP', b.ipv6, 80),
  kind('steady', 'a', 'UDP', b.ipv4, 80),
  kind('steady', 'a', 'UDP', b.ipv6, 80),
  kind('steady', 'a', 'TCP', b.ipv4, 80, fresh),
  kind('steady', 'a', 'UDP', b.ipv6, 80, fresh),
  kind('steady', 'd', 'TCP', b.ipv4, 80),
  kind('steady', 'd', 'UDP', b.ipv6, 80),
  kind('steady', 'd', 'TCP', b.ipv6, 80, fresh),
  kind('steady', 'd', 'UDP', CLIENT, 80),
  kind('steady', 'd', 'TCP', CLIENT6, 80),
  kind('steady', 'client', 'TCP', HOST, 8080),
  kind('steady', 'client', 'UDP', HOST6, 8080),
  kind('steady', 'client', 'TCP', HOST6, 8080, fresh),
  kind('toggled', 'c', 'TCP', d.ipv4, 70),
  kind('toggled', 'c', 'UDP', d.ipv6, 70),
  kind('toggled', 'client', 'UDP', HOST, 7070),
  kind('toggled', 'client', 'TCP', HOST6, 7070),
  kind('control', 'a', 'UDP', b.ipv4, 80, { raw: { source: a.ipv4 } }),
  kind('control', 'a', 'TCP', b.ipv6, 80, { raw: { source: a.ipv6 } }),
  raw('a', a.ipv4, 'TCP', CLIENT, 81),
  raw('a', a.ipv6, 'UDP', CLIENT6, 81),
  raw('a', a.ipv4, 'UDP', e.ipv4, 81),
  raw('c', c.ipv4, 'TCP', b.ipv4, 81),
  raw('c', c.ipv6, 'TCP', b.ipv6, 81),
  raw('c', c.ipv4, 'UDP', b.ipv4, 81),
  raw('c', c.ipv6, 'UDP', b.ipv6, 81),
  raw('c', a.ipv4, 'UDP', b.ipv4, 80),
  raw('c', a.ipv6, 'TCP', b.ipv6, 80),
  raw('c', c.ipv4, 'TCP', b.ipv4, 0, { port: 80, flags: SYN_ACK }),
  raw('c', c.ipv4, 'TCP', b.ipv4, 0, { port: 80, flags: ACK }),
  raw('c', c.ipv6, 'UDP', b.ipv6, 0, { port: 80 }),
  raw('e', e.ipv4, 'TCP', b.ipv4, 80),
  raw('e', e.ipv6, 'UDP', b.ipv6, 80),
  raw('e', d.ipv4, 'UDP', b.ipv4, 80),
  raw('e', d.ipv6, 'TCP', b.ipv6, 80),
  raw('client', CLIENT, 'TCP', b.ipv4, 82),
  raw('client', CLIENT6, 'UDP', b.ipv6, 82),
  raw('client', CLIENT, 'TCP', b.ipv4, 80),
  raw('client', CLIENT6, 'UDP', b.ipv6, 80),
  raw('client', a.ipv4, 'UDP', b.ipv4, 80),
  raw('client', a.ipv6, 'TCP', b.ipv6, 80),
  raw('client', CLIENT6, 'TCP', d.ipv6, 81),
].map((one, index) => ({ ...one, number: index + 1 }));
