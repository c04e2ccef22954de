import {
  type Cidr,
  type Family,
  contains,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
} from '../api/address.ts';
import type { Candidate } from './candidate.ts';
import { isInside } from './values.ts';

/** A bridge, and what is known of it. */
export interface BridgeDraft {
  readonly candidate: Candidate;
  readonly interface: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

export interface LinkDraft {
  readonly candidate: Candidate;
  readonly bridge: BridgeDraft;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

/** The bridges and links that there are, to find out what a rule is about. */
export class Topology {
  readonly bridges: readonly BridgeDraft[];
  readonly links: readonly LinkDraft[];
  readonly #byInterface: ReadonlyMap<string, BridgeDraft>;
  readonly #byBridge: ReadonlyMap<BridgeDraft, readonly LinkDraft[]>;
  readonly #addresses: readonly (Cidr & { readonly link: LinkDraft })[];
  readonly #networks: readonly string[];

  constructor(bridges: readonly BridgeDraft[], links: readonly LinkDraft[]) {
    this.bridges = bridges;
    this.links = links;
    this.#byInterface = new Map(bridges.map((bridge) => [bridge.interface, bridge]));
    this.#byBridge = Map.groupBy(links, ({ bridge }) => bridge);
    this.#addresses = links.flatMap((link) => link.addresses.map((text) => ({ ...parseCidr(text)!, link })));
    const all = [...bridges, ...links].flatMap(({ addresses }) => addresses);
    this.#networks = [...new Set(all.map((text) => formatCidr(networkOf(parseCidr(text)!))))];
  }

  bridgeOf(interfaceName: string): BridgeDraft | undefined {
    return this.#byInterface.get(interfaceName);
  }

  linksOf(bridge: BridgeDraft): readonly LinkDraft[] {
    return this.#byBridge.get(bridge) ?? [];
  }

  /** The networks of all bridges in a family. */
  networks(family: Family): readonly string[] {
    return this.#networks.filter((text) => parseCidr(text)!.family === family);
  }

  /** Whether a network is one of containers, or a part of it. */
  isOfContainers(network: string): boolean {
    return this.#networks.some((text) => isInside(network, text));
  }

  /** The links that have an address in a network. */
  linksIn(network: string): readonly LinkDraft[] {
    const cidr = parseCidr(network)!;
    return [...new Set(this.#addresses.filter((one) => contains(cidr, one)).map(({ link }) => link))];
  }

  /** The link to whose address a forward can lead: the first of its family. */
  targetAt(text: string): { readonly link?: LinkDraft; readonly reason?: string } {
    const address = parseAddress(text);
    const found =
      address && this.#addresses.find((one) => one.family === address.family && one.value === address.value);
    if (!address || !found)
      return {
        reason: `no container given here has the address ${text.slice(0, 50)}: import its LXC config too`,
      };
    const { link } = found;
    const first = link.addresses
      .map((one) => parseCidr(one)!)
      .find(({ family }) => family === address.family);
    return first?.value === address.value
      ? { link }
      : { reason: `a forward leads to the first address of a Link, and ${text} is another` };
  }
}
