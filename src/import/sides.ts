import type { Family } from '../api/address.ts';
import type { Match, Rule } from './rule.ts';
import type { BridgeDraft, LinkDraft, Topology } from './topology.ts';
import { everything, familyOf } from './values.ts';

export interface IpBlock {
  readonly cidr: string;
  readonly except?: readonly string[];
}

/** One end of what a rule lets pass. */
export interface Side {
  /** The containers that are meant; absent where the rule names none. */
  readonly links?: readonly LinkDraft[];
  /** Where these are all the containers of a bridge. */
  readonly bridge?: BridgeDraft;
  /** Which addresses are meant, for the other end's policy; absent where any is. */
  readonly blocks?: readonly IpBlock[];
  /** What a policy cannot say. */
  readonly leftOut?: string;
}

/** The source of a rule, or its destination; or why that is something that a policy cannot say. */
export function sideOf(
  rule: Rule,
  end: 'source' | 'destination',
  topology: Topology,
): Side | { readonly refused: string } {
  const device = end === 'source' ? rule.in : rule.out;
  const addresses = end === 'source' ? rule.from : rule.to;
  if (addresses?.negated) return { refused: 'addresses with `!`' };
  const bridge = device && topology.bridgeOf(device.value);
  if (device?.negated && !bridge) return { refused: 'an interface with `!`' };
  const listed = addresses?.value.filter((text) => text !== everything(familyOf(text)));
  // Among others, a network of everything is everything.
  const networks = listed && listed.length === addresses?.value.length ? listed : undefined;
  const families: readonly Family[] = rule.family === undefined ? [4, 6] : [rule.family];
  if (bridge && !device.negated) return ofBridge(bridge, networks, families, topology);
  if (!device && networks?.every((network) => topology.isOfContainers(network)))
    return ofContainers(networks, topology);
  if (!device && networks?.some((network) => topology.isOfContainers(network)))
    return { refused: 'addresses of containers and of others in one rule' };
  return outside(device, networks, families, topology);
}

function ofBridge(
  bridge: BridgeDraft,
  networks: readonly string[] | undefined,
  families: readonly Family[],
  topology: Topology,
): Side | { readonly refused: string } {
  const own = topology.linksOf(bridge);
  if (own.length === 0) return { refused: 'no container given here is on this bridge' };
  if (!networks) {
    const cidrs = own.flatMap(({ addresses }) => addresses.map(hostNetwork));
    const blocks = cidrs.filter((cidr) => families.includes(familyOf(cidr))).map((cidr) => ({ cidr }));
    return { links: own, bridge, blocks };
  }
  const inside = new Set(networks.flatMap((network) => topology.linksIn(network)));
  const links = own.filter((link) => inside.has(link));
  if (links.length === 0) return { refused: 'no container given here has such an address' };
  return {
    links,
    ...(links.length === own.length && { bridge }),
    blocks: networks.map((cidr) => ({ cidr })),
  };
}

function ofContainers(networks: readonly string[], topology: Topology): Side | { readonly refused: string } {
  const links = [...new Set(networks.flatMap((network) => topology.linksIn(network)))];
  if (links.length === 0) return { refused: 'no container given here has such an address' };
  const [first] = links;
  const all = topology.linksOf(first!.bridge);
  const isAll =
    links.length > 1 && links.length === all.length && links.every(({ bridge }) => bridge === first!.bridge);
  return { links, ...(isAll && { bridge: first!.bridge }), blocks: networks.map((cidr) => ({ cidr })) };
}

function outside(
  device: Match<string> | undefined,
  networks: readonly string[] | undefined,
  families: readonly Family[],
  topology: Topology,
): Side {
  if (networks) return { blocks: networks.map((cidr) => ({ cidr })), ...leftOut(device) };
  if (!device)
    return families.length === 2 ? {} : { blocks: families.map((family) => ({ cidr: everything(family) })) };
  // Beyond an interface that is no bridge: whatever is no container.
  const blocks = families.map((family) => {
    const except = topology.networks(family);
    return { cidr: everything(family), ...(except.length > 0 && { except }) };
  });
  return { blocks, ...leftOut(device) };
}

function leftOut(device: Match<string> | undefined): { leftOut?: string } {
  if (!device || device.negated) return {};
  return {
    leftOut: `carried over without the interface ${device.value.slice(0, 20)}: a policy knows addresses only`,
  };
}

function hostNetwork(address: string): string {
  return `${address.split('/')[0]!}/${familyOf(address) === 4 ? 32 : 128}`;
}
