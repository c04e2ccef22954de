import { BlockList, isIPv6 } from 'node:net';
import type {
  BridgeManifest,
  Direction,
  Labels,
  LinkManifest,
  Manifest,
  Metadata,
  Peer,
  PolicyManifest,
  PolicyPort,
  Selector,
  Service,
} from './reference-manifests.ts';

/*
 * What must pass, and who answers: the contract and Kubernetes' NetworkPolicy, written down as loops over rules. It
 * shares nothing with src/, so the two are wrong together only where both were read wrongly.
 *
 * A named port of an egress rule with an `ipBlock` is undefined here: neither text says whether a Link in the block counts.
 */

/** A packet: from a Link (its name), the host or the client, to an address. */
export interface Probe extends Service {
  readonly from: string;
  readonly to: string;
}

/** Addresses of the two that are no Links. Whatever belongs to nobody else is the host's, as those of its bridges. */
interface Surroundings {
  /** Those of eth0. */
  readonly host: readonly string[];
  readonly client: readonly string[];
}

/** Answers what the manifests say about a packet. Links have names of their own, whatever their namespace. */
export class Reference {
  readonly #manifests: readonly Manifest[];
  readonly #around: Surroundings;

  constructor(manifests: readonly Manifest[], around: Surroundings) {
    this.#manifests = manifests;
    this.#around = around;
  }

  /** The Link, `client` or `host` that answers; `undefined` where the packet must not pass. */
  answerer(probe: Probe): string | undefined {
    const { from, protocol } = probe;
    const forwarded = this.#forwarded(probe);
    const to = forwarded?.to ?? probe.to;
    const port = forwarded?.port ?? probe.port;
    const source = this.#links().find(({ metadata }) => metadata.name === from);
    const target = this.#links().find(({ spec }) => spec.addresses.map(bare).includes(to));
    const sourceAddress = this.#addressesOf(from).find((address) => isIPv6(address) === isIPv6(to));
    if (sourceAddress === undefined) return undefined;
    const answerer = target?.metadata.name ?? (this.#around.client.includes(to) ? 'client' : 'host');
    const service = { protocol, port };

    if (source && target && !forwarded && this.#areSwitched(source, target)) return answerer;
    if (source && !this.#allows('Egress', source, { address: to, link: target }, service)) return undefined;
    if (!target || from === 'host') return answerer;
    if (forwarded?.sources.some((cidr) => inNetwork(sourceAddress, cidr))) return answerer;
    const peer = { address: sourceAddress, link: source };
    return this.#allows('Ingress', target, peer, service) ? answerer : undefined;
  }

  #links(): readonly LinkManifest[] {
    return this.#manifests.filter((manifest) => manifest.kind === 'Link');
  }

  #bridgeOf(link: LinkManifest): BridgeManifest {
    const bridges = this.#manifests.filter((manifest) => manifest.kind === 'Bridge');
    return bridges.find(({ metadata }) => metadata.name === link.spec.bridge)!;
  }

  #addressesOf(name: string): readonly string[] {
    if (name === 'client') return this.#around.client;
    if (name === 'host') return this.#around.host;
    return this.#links()
      .find(({ metadata }) => metadata.name === name)!
      .spec.addresses.map(bare);
  }

  #areSwitched(one: LinkManifest, other: LinkManifest): boolean {
    return one.spec.bridge === other.spec.bridge && this.#bridgeOf(one).spec.siblings === 'Switched';
  }

  /** Where destination NAT sends a packet: forwards listen on the addresses of eth0, for everyone with `hairpin`. */
  #forwarded({
    from,
    to,
    protocol,
    port,
  }: Probe): { readonly to: string; readonly port: number; readonly sources: readonly string[] } | undefined {
    if (!this.#around.host.includes(to)) return undefined;
    for (const manifest of this.#manifests) {
      if (manifest.kind !== 'PortForward') continue;
      const { spec, metadata } = manifest;
      if (from !== 'client' && spec.hairpin === false) continue;
      const link = this.#links().find(
        (candidate) =>
          candidate.metadata.name === spec.link.name &&
          namespaceOf(candidate.metadata) === (spec.link.namespace ?? namespaceOf(metadata)),
      );
      const address = link?.spec.addresses.map(bare).find((text) => isIPv6(text) === isIPv6(to));
      if (address === undefined) continue;
      for (const entry of spec.ports) {
        if ((entry.protocol ?? 'TCP') !== protocol) continue;
        if (port < entry.port || port > (entry.endPort ?? entry.port)) continue;
        const targetPort = (entry.targetPort ?? entry.port) + port - entry.port;
        return { to: address, port: targetPort, sources: spec.sources ?? ['0.0.0.0/0', '::/0'] };
      }
    }
    return undefined;
  }

  /** Whether the policies that select a link let it talk with a peer; with none it is the bridge that decides. */
  #allows(
    direction: Direction,
    link: LinkManifest,
    peer: { readonly address: string; readonly link: LinkManifest | undefined },
    service: Service,
  ): boolean {
    let isolated = false;
    for (const manifest of this.#manifests) {
      if (manifest.kind !== 'NetworkPolicy') continue;
      const { metadata, spec } = manifest;
      if (namespaceOf(metadata) !== namespaceOf(link.metadata)) continue;
      if (!selects(spec.podSelector ?? {}, link.metadata.labels ?? {})) continue;
      if (!typesOf(manifest).includes(direction)) continue;
      isolated = true;
      const rules =
        direction === 'Ingress'
          ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from ?? [], ports: ports ?? [] }))
          : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to ?? [], ports: ports ?? [] }));
      const server = direction === 'Ingress' ? link : peer.link;
      for (const { peers, ports } of rules) {
        const peerFits = peers.length === 0 || peers.some((one) => this.#fits(one, metadata, peer));
        const portFits = ports.length === 0 || ports.some((one) => portIs(one, service, server));
        if (peerFits && portFits) return true;
      }
    }
    return !isolated && this.#bridgeOf(link).spec.defaultPolicy === 'Allow';
  }

  #fits(
    { podSelector, namespaceSelector, ipBlock }: Peer,
    policy: Metadata,
    { address, link }: { readonly address: string; readonly link: LinkManifest | undefined },
  ): boolean {
    if (ipBlock) {
      const excepted = (ipBlock.except ?? []).some((cidr) => inNetwork(address, cidr));
      return inNetwork(address, ipBlock.cidr) && !excepted;
    }
    if (!link) return false;
    const namespace = namespaceOf(link.metadata);
    if (namespaceSelector) {
      if (!selects(namespaceSelector, this.#namespaceLabels(namespace))) return false;
    } else if (namespace !== namespaceOf(policy)) {
      return false;
    }
    return selects(podSelector ?? {}, link.metadata.labels ?? {});
  }

  #namespaceLabels(name: string): Labels {
    const namespaces = this.#manifests.filter((manifest) => manifest.kind === 'Namespace');
    const declared = namespaces.find(({ metadata }) => metadata.name === name);
    return { ...declared?.metadata.labels, 'kubernetes.io/metadata.name': name };
  }
}

function namespaceOf({ namespace }: Metadata): string {
  return namespace ?? 'default';
}

function bare(address: string): string {
  return address.split('/')[0]!;
}

/** Whether an address is in a network, and of its family. */
export function inNetwork(address: string, cidr: string): boolean {
  const [network, prefix] = cidr.split('/') as [string, string];
  if (isIPv6(address) !== isIPv6(network)) return false;
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, family);
}

/** Ingress unless said otherwise, and Egress where egress rules are given. */
function typesOf({ spec }: PolicyManifest): readonly Direction[] {
  if (spec.policyTypes && spec.policyTypes.length > 0) return spec.policyTypes;
  return spec.egress && spec.egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of matchExpressions) {
    const value = labels[key];
    if (operator === 'In' && (value === undefined || !values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

/** A name means the ports that the link which is connected to calls so. */
function portIs(
  { protocol = 'TCP', port, endPort }: PolicyPort,
  service: Service,
  server: LinkManifest | undefined,
): boolean {
  if (protocol !== service.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'string') {
    const ports = server?.spec.ports ?? [];
    return ports.some(
      (entry) => entry.name === port && (entry.protocol ?? 'TCP') === protocol && entry.port === service.port,
    );
  }
  return service.port >= port && service.port <= (endPort ?? port);
}
