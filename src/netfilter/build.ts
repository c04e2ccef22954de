import type { Family } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import { type Key, keyOf } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Namespace } from '../api/namespace.ts';
import type { NetworkPolicy } from '../api/network-policy.ts';
import type { PortForward } from '../api/port-forward.ts';
import type { Manifest, Resource } from '../api/resource.ts';
import { addBridgeElements, addPortElements } from './bridges.ts';
import { ElementMemo } from './element-memo.ts';
import { ElementCollector, type ElementSink, type ElementTable } from './elements.ts';
import { ForwardMemo, addForwardElements } from './forwards.ts';
import { addPolicyElements } from './policy-sets.ts';
import type { SetName } from './sets.ts';

/** Per family: an interface, and the bridge for whose sake it forwards. */
export type GuardedInterfaces = Readonly<Record<Family, ReadonlyMap<string, Key>>>;

/** What the elements depend on besides the manifests. */
export interface NetfilterContext {
  /** Addresses of an interface of the host, without prefix lengths. */
  readonly addressesOf: (interfaceName: string) => readonly string[];
  /** The port of the bridge that a link's host end is. */
  readonly portOf: (link: Manifest<Link>) => string;
  /** Interfaces that forward only because lxcnet switched it on. */
  readonly guarded: GuardedInterfaces;
  /** Ports of our bridges that no manifest declares, and the bridge that each is of. */
  readonly strangers: ReadonlyMap<string, Key>;
}

export interface DesiredNetfilter {
  readonly elements: ElementTable;
  /** Forwards left out because an earlier one has the same port, with that one. */
  readonly conflicts: ReadonlyMap<Key, Key>;
}

/** The elements that the manifests ask for; pure. @param sets Those that the kernel can hold; default all. */
export function buildNetfilter(
  manifests: Iterable<Manifest>,
  context: NetfilterContext,
  sets?: readonly SetName[],
): DesiredNetfilter {
  return new NetfilterBuilder(sets).build(manifests, context);
}

/** Makes the elements that manifests ask for; again and again, of those that did not change from memory. */
export class NetfilterBuilder {
  readonly #sets: readonly SetName[] | undefined;
  readonly #memo = new ElementMemo();
  readonly #forwardMemo = new ForwardMemo();

  /** @param sets Those that the kernel can hold; default all. */
  constructor(sets?: readonly SetName[]) {
    this.#sets = sets;
  }

  build(manifests: Iterable<Manifest>, context: NetfilterContext): DesiredNetfilter {
    const byKind = Map.groupBy(manifests, ({ resource }) => resource.kind);
    const of = <R extends Resource>(kind: R['kind']): readonly Manifest<R>[] =>
      (byKind.get(kind) ?? []) as Manifest<R>[];
    const bridges = of<Bridge>('Bridge');
    const links = of<Link>('Link');
    const bridgeByName = new Map(bridges.map(({ resource }) => [resource.metadata.name, resource]));
    const linkByKey = new Map(links.map(({ key, resource }) => [key, resource]));
    const collector = new ElementCollector(this.#sets);

    addBridgeElements(bridges, collector);
    for (const [name, owner] of context.strangers) collector.add(owner, 'strangers', [name]);
    for (const family of [4, 6] as const) {
      for (const [name, owner] of context.guarded[family]) collector.add(owner, `guarded${family}`, [name]);
    }
    for (const link of links) {
      const port = context.portOf(link);
      const dhcp = bridgeByName.get(link.resource.spec.bridge)?.spec.dhcp !== undefined;
      const make = (sink: ElementSink): void => addPortElements(link, port, dhcp, sink);
      collector.addAll(this.#memo.of(`port of ${link.key}`, [link.resource, port, dhcp], make));
    }
    const policyInput = {
      links,
      policies: of<NetworkPolicy>('NetworkPolicy'),
      namespaceLabels: namespaceLabels(of<Namespace>('Namespace'), links),
      bridgeOf: (link: Link) => bridgeByName.get(link.spec.bridge),
    };
    addPolicyElements(policyInput, collector, this.#memo);
    const forwardInput = {
      forwards: [...of<PortForward>('PortForward')].sort(byNamespaceAndName),
      linkOf: ({ metadata, spec }: PortForward) =>
        linkByKey.get(keyOf('Link', spec.link.namespace ?? metadata.namespace, spec.link.name)),
      addressesOf: context.addressesOf,
    };
    const conflicts = addForwardElements(forwardInput, collector, this.#forwardMemo);
    this.#memo.sweep();
    this.#forwardMemo.sweep();
    return { elements: collector.table(), conflicts };
  }
}

function byNamespaceAndName(
  { resource: { metadata: one } }: Manifest<PortForward>,
  { resource: { metadata: other } }: Manifest<PortForward>,
): number {
  if (one.namespace !== other.namespace) return one.namespace < other.namespace ? -1 : 1;
  return one.name < other.name ? -1 : 1;
}

/** Every namespace that is declared or used, with the label that Kubernetes gives it. */
function namespaceLabels(
  declared: readonly Manifest<Namespace>[],
  links: readonly Manifest<Link>[],
): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const names = new Set(links.map(({ resource }) => resource.metadata.namespace));
  const labels = new Map<string, Readonly<Record<string, string>>>();
  for (const name of names) labels.set(name, { 'kubernetes.io/metadata.name': name });
  for (const { resource } of declared) {
    const { name } = resource.metadata;
    labels.set(name, { ...resource.metadata.labels, 'kubernetes.io/metadata.name': name });
  }
  return labels;
}
