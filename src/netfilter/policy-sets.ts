import { type Cidr, type Family, addressBits, formatCidr, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { ANNOTATIONS } from '../api/group.ts';
import {
  type Direction,
  type NetworkPolicy,
  type PolicyPeer,
  type PolicyPort,
  policyTypes,
} from '../api/network-policy.ts';
import type { Manifest } from '../api/resource.ts';
import type { Protocol } from '../api/scalars.ts';
import { selects } from '../api/selector.ts';
import type { ElementCollector, ElementSink } from './elements.ts';
import { ElementMemo } from './element-memo.ts';
import { LinkIndex } from './link-index.ts';
import { Peers } from './peers.ts';
import { Numbers } from './numbers.ts';
import { type PortRange, type Region, disjoint, subtract } from './regions.ts';

/** The number of a protocol in the IP header. */
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

/** What policies are evaluated over. */
export interface PolicyInput {
  readonly links: readonly Manifest<Link>[];
  readonly policies: readonly Manifest<NetworkPolicy>[];
  /** Labels of each namespace, `kubernetes.io/metadata.name` included. */
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly bridgeOf: (link: Link) => Bridge | undefined;
}

/** The policies that apply to a link in one direction; links with the same ones share a number and its elements. */
export interface PolicySet {
  readonly id: string;
  readonly direction: Direction;
  readonly policies: readonly Manifest<NetworkPolicy>[];
  /** A link that has the set; its named ports are those that ingress rules mean. */
  readonly link: Manifest<Link>;
}

const DIRECTIONS: readonly Direction[] = ['Egress', 'Ingress'];
const ANYWHERE: readonly Cidr[] = [
  { family: 4, value: 0n, prefix: 0 },
  { family: 6, value: 0n, prefix: 0 },
];

/**
 * Adds every element that follows from policies: each link's numbers, and what each number allows.
 *
 * @param memo What was made of the same links and policies before.
 */
export function addPolicyElements(
  input: PolicyInput,
  collector: ElementCollector,
  memo: ElementMemo = new ElementMemo(),
): void {
  const sets = new Map<string, PolicySet>();
  const numbers = new Numbers(memo.digests);
  const openId = numbers.of(OPEN);
  const index = new LinkIndex(input.links);
  const selected = policiesByLink(input, index);
  for (const link of input.links) {
    for (const direction of DIRECTIONS) {
      const set = policySetOf(input, link, direction, selected.get(link.key)?.[direction] ?? [], numbers);
      sets.set(set.id, sets.get(set.id) ?? set);
      const make = (sink: ElementSink): void => addLink(link, set, openId, sink);
      collector.addAll(memo.of(`${direction} of ${link.key}`, [link.resource, set.id], make));
    }
  }
  for (const set of sets.values()) {
    const peers = new Peers(input, index, set);
    const dependencies = [...set.policies.map(({ resource }) => resource), ...peers.dependencies()];
    const make = (sink: ElementSink): void => new SetCompiler(set, peers, sink).run();
    collector.addAll(memo.of(`policies ${set.id}`, dependencies, make));
  }
}

function policiesByLink(
  input: PolicyInput,
  index: LinkIndex,
): ReadonlyMap<Key, Record<Direction, Manifest<NetworkPolicy>[]>> {
  const result = new Map<Key, Record<Direction, Manifest<NetworkPolicy>[]>>();
  for (const policy of input.policies) {
    const { metadata, spec } = policy.resource;
    for (const link of index.candidates(metadata.namespace, spec.podSelector)) {
      if (!selects(spec.podSelector, link.resource.metadata.labels)) continue;
      const lists = result.get(link.key) ?? { Ingress: [], Egress: [] };
      result.set(link.key, lists);
      for (const direction of policyTypes(policy.resource)) lists[direction].push(policy);
    }
  }
  return result;
}

function policySetOf(
  input: PolicyInput,
  link: Manifest<Link>,
  direction: Direction,
  policies: readonly Manifest<NetworkPolicy>[],
  numbers: Numbers,
): PolicySet {
  const open = policies.length === 0 && input.bridgeOf(link.resource)?.spec.defaultPolicy === 'Allow';
  const named =
    direction === 'Ingress' && policies.some(usesNamedPorts) ? JSON.stringify(link.resource.spec.ports) : '';
  const members = policies.map(({ key }) => key).sort();
  const identity = open ? OPEN : [direction, ...members, named].join('\n');
  return { id: numbers.of(identity), direction, policies: open ? [] : policies, link };
}

function usesNamedPorts({ resource }: Manifest<NetworkPolicy>): boolean {
  return (resource.spec.ingress ?? []).some(({ ports }) =>
    ports?.some(({ port }) => typeof port === 'string'),
  );
}

/** Identifies the policies of a link that is open: the same in both directions. */
const OPEN = 'open\n';

function addLink({ key, resource }: Manifest<Link>, set: PolicySet, openId: string, sink: ElementSink): void {
  const [ids, denied] =
    set.direction === 'Egress'
      ? (['egress', 'denied_egress'] as const)
      : (['ingress', 'denied_ingress'] as const);
  for (const [family, address] of linkAddresses(resource)) {
    sink.add(key, `${ids}${family}`, [address], [set.id]);
    sink.add(key, `${denied}${family}`, [address]);
    if (resource.metadata.annotations[ANNOTATIONS.logDenied] === 'true')
      sink.add(key, `logged${family}`, [address]);
  }
  if (set.id === openId) sink.add(key, 'everything', [openId]);
}

/** A link's addresses without their prefix lengths. */
export function linkAddresses(link: Link): [Family, string][] {
  return link.spec.addresses.map((text) => [parseCidr(text)!.family, text.slice(0, text.indexOf('/'))]);
}

type Owned = Manifest<NetworkPolicy>;

/** Turns the rules of one policy set into elements. */
class SetCompiler {
  readonly #set: PolicySet;
  readonly #peers: Peers;
  readonly #sink: ElementSink;
  readonly #regions: Region<Owned>[] = [];

  constructor(set: PolicySet, peers: Peers, sink: ElementSink) {
    this.#set = set;
    this.#peers = peers;
    this.#sink = sink;
  }

  run(): void {
    for (const policy of this.#set.policies) {
      const { ingress = [], egress = [] } = policy.resource.spec;
      const rules =
        this.#set.direction === 'Ingress'
          ? ingress.map(({ from, ports }) => ({ peers: from, ports }))
          : egress.map(({ to, ports }) => ({ peers: to, ports }));
      for (const { peers, ports } of rules) {
        const wanted = ports?.length ? ports : ['everything' as const];
        for (const port of wanted) {
          if (!peers?.length) this.#fromAnywhere(policy, port);
          for (const peer of peers ?? []) this.#fromPeer(policy, peer, port);
        }
      }
    }
    this.#addRegions();
  }

  #fromAnywhere(policy: Owned, port: PolicyPort | 'everything'): void {
    const { id } = this.#set;
    if (port === 'everything') {
      this.#sink.add(policy.key, 'everything', [id]);
    } else if (typeof port.port === 'string') {
      this.#namedFromAnywhere(policy, port);
    } else if (port.endPort !== undefined) {
      for (const network of ANYWHERE) this.#addRegion(policy, network, rangeOf(port, port.port));
    } else if (port.port === undefined) {
      this.#sink.add(policy.key, 'protocol', [id, protocolText(port)]);
    } else {
      this.#sink.add(policy.key, 'port', [id, protocolText(port), String(port.port)]);
    }
  }

  #namedFromAnywhere(policy: Owned, port: PolicyPort): void {
    if (this.#set.direction === 'Egress') {
      for (const link of this.#peers.all()) this.#fromLink(policy, link, port);
      return;
    }
    for (const number of namedPorts(this.#set.link.resource, port)) {
      this.#sink.add(policy.key, 'port', [this.#set.id, protocolText(port), String(number)]);
    }
  }

  #fromPeer(policy: Owned, peer: PolicyPeer, port: PolicyPort | 'everything'): void {
    if (peer.ipBlock) {
      const exceptions = (peer.ipBlock.except ?? []).map((text) => parseCidr(text)!);
      for (const network of subtract(parseCidr(peer.ipBlock.cidr)!, exceptions))
        this.#fromNetwork(policy, network, port);
      return;
    }
    for (const link of this.#peers.of(peer)) this.#fromLink(policy, link, port);
  }

  #fromNetwork(policy: Owned, network: Cidr, port: PolicyPort | 'everything'): void {
    if (port === 'everything') {
      this.#regions.push({ network, ports: 'everything', owner: policy });
    } else if (typeof port.port === 'string') {
      // Only links have named ports: of the selected link for ingress; no link of ours is meant by a network for egress.
      const numbers = this.#set.direction === 'Ingress' ? namedPorts(this.#set.link.resource, port) : [];
      for (const number of numbers) this.#addRegion(policy, network, rangeOf(port, number));
    } else {
      this.#addRegion(policy, network, rangeOf(port, port.port));
    }
  }

  #fromLink(policy: Owned, peer: Manifest<Link>, port: PolicyPort | 'everything'): void {
    const { id, direction, link } = this.#set;
    for (const [family, address] of linkAddresses(peer.resource)) {
      if (port === 'everything') {
        this.#sink.add(policy.key, `peer${family}`, [id, address]);
      } else if (port.endPort !== undefined) {
        const network = parseCidr(`${address}/${addressBits(family)}`)!;
        this.#addRegion(policy, network, rangeOf(port, port.port as number));
      } else if (port.port === undefined) {
        this.#sink.add(policy.key, `peer_protocol${family}`, [id, address, protocolText(port)]);
      } else {
        const server = direction === 'Ingress' ? link.resource : peer.resource;
        const numbers = typeof port.port === 'string' ? namedPorts(server, port) : [port.port];
        for (const number of numbers) {
          this.#sink.add(policy.key, `peer_port${family}`, [id, address, protocolText(port), String(number)]);
        }
      }
    }
  }

  #addRegion(owner: Owned, network: Cidr, range: PortRange): void {
    this.#regions.push({ network, ports: [range], owner });
  }

  #addRegions(): void {
    for (const family of [4, 6] as const) {
      for (const { network, ports, owner } of disjoint(family, this.#regions)) {
        const text = networkText(network);
        if (ports === 'everything') {
          this.#sink.add(owner.key, `network${family}`, [this.#set.id, text]);
          continue;
        }
        for (const { protocol, first, last } of ports) {
          const range = first === last ? String(first) : `${first}-${last}`;
          this.#sink.add(owner.key, `network_port${family}`, [this.#set.id, text, String(protocol), range]);
        }
      }
    }
  }
}

function protocolText(port: PolicyPort): string {
  return String(PROTOCOL_NUMBER[port.protocol]);
}

/** The range that a policy's port means; every port where none is given. */
function rangeOf({ protocol, endPort }: PolicyPort, port: number | undefined): PortRange {
  return { protocol: PROTOCOL_NUMBER[protocol], first: port ?? 0, last: endPort ?? port ?? 65535 };
}

function namedPorts(link: Link, { port, protocol }: PolicyPort): number[] {
  return link.spec.ports
    .filter((entry) => entry.name === port && entry.protocol === protocol)
    .map((entry) => entry.port);
}

/** As nft prints it: a single address without its prefix length. */
export function networkText(network: Cidr): string {
  const text = formatCidr(network);
  return network.prefix === addressBits(network.family) ? text.slice(0, text.indexOf('/')) : text;
}
