import type { Link } from '../api/link.ts';
import type { NetworkPolicy, PolicyPeer } from '../api/network-policy.ts';
import type { Manifest } from '../api/resource.ts';
import { selects } from '../api/selector.ts';
import type { LinkIndex } from './link-index.ts';
import type { PolicyInput, PolicySet } from './policy-sets.ts';

type Links = readonly Manifest<Link>[];

/** The links that the peers of one policy set's rules select. */
export class Peers {
  readonly #input: PolicyInput;
  readonly #links = new Map<PolicyPeer, Links>();
  readonly #set: PolicySet;

  constructor(input: PolicyInput, index: LinkIndex, set: PolicySet) {
    this.#input = input;
    this.#set = set;
    for (const policy of set.policies) {
      for (const peer of peersOf(policy.resource, set.direction))
        if (!peer.ipBlock) this.#links.set(peer, this.#selected(policy.resource, peer, index));
    }
  }

  of(peer: PolicyPeer): Links {
    return this.#links.get(peer) ?? [];
  }

  all(): Links {
    return this.#input.links;
  }

  /** Everything that the elements of the set follow from besides its policies. */
  dependencies(): unknown[] {
    const { policies, direction, link } = this.#set;
    const dependencies: unknown[] = [link.resource.spec.ports.length > 0 ? link.resource : undefined];
    for (const links of this.#links.values()) {
      dependencies.push(links.length);
      for (const { resource } of links) dependencies.push(resource);
    }
    if (direction === 'Egress' && policies.some(({ resource }) => namesPortsOfAnyone(resource)))
      for (const { resource } of this.#input.links) dependencies.push(resource);
    return dependencies;
  }

  #selected(policy: NetworkPolicy, peer: PolicyPeer, index: LinkIndex): Links {
    const { podSelector, namespaceSelector } = peer;
    const { namespace } = policy.metadata;
    return index
      .candidates(namespaceSelector ? undefined : namespace, podSelector)
      .filter(({ resource: { metadata } }) => {
        const inNamespace = namespaceSelector
          ? selects(namespaceSelector, this.#input.namespaceLabels.get(metadata.namespace) ?? {})
          : metadata.namespace === namespace;
        return inNamespace && (!podSelector || selects(podSelector, metadata.labels));
      });
  }
}

function peersOf({ spec }: NetworkPolicy, direction: PolicySet['direction']): readonly PolicyPeer[] {
  return direction === 'Ingress'
    ? (spec.ingress ?? []).flatMap(({ from }) => from ?? [])
    : (spec.egress ?? []).flatMap(({ to }) => to ?? []);
}

/** Whether a rule without peers names a port, which every link may have. */
function namesPortsOfAnyone({ spec }: NetworkPolicy): boolean {
  return (spec.egress ?? []).some(
    ({ to, ports }) => !to?.length && ports?.some(({ port }) => typeof port === 'string'),
  );
}
