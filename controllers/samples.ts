import { type Family, formatAddress, networkOf, parseAddress, parseCidr } from '../src/api/address.ts';
import type { Element, ElementTable } from '../src/netfilter/elements.ts';
import type { SetName } from '../src/netfilter/sets.ts';

/** Something that the policies of a number allow; what is absent is anything. */
export interface Allowance {
  /** The other side. */
  readonly peer?: string;
  /** In nft's words: `tcp`. */
  readonly protocol?: string;
  readonly port?: number;
}

const SETS_OF_ALLOWANCES = ['everything', 'protocol', 'port'] as const;
const FAMILY_SETS = ['peer', 'peer_protocol', 'peer_port', 'network', 'network_port'] as const;
const PROTOCOL_NAMES: Readonly<Record<string, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** What the elements of the policies say, by number and family. */
export class Allowances {
  readonly #elements = new Map<string, Element[]>();
  readonly #table: ElementTable;

  constructor(table: ElementTable) {
    this.#table = table;
    for (const set of SETS_OF_ALLOWANCES) {
      for (const family of [4, 6] as const) this.#index(set, family);
    }
    for (const set of FAMILY_SETS) {
      for (const family of [4, 6] as const) this.#index(`${set}${family}`, family);
    }
  }

  /** What a link's policies allow in one direction. */
  of(direction: 'egress' | 'ingress', family: Family, address: string): readonly Allowance[] {
    const number = this.#table.get(`${direction}${family}`)?.get(address)?.value;
    return (this.#elements.get(`${number} ${family}`) ?? []).map(allowanceOf);
  }

  #index(set: SetName, family: Family): void {
    for (const element of this.#table.get(set)?.values() ?? []) {
      const key = `${element.key.split(' ', 1)[0]!} ${family}`;
      const list = this.#elements.get(key);
      if (list) list.push(element);
      else this.#elements.set(key, [element]);
    }
  }
}

function allowanceOf({ set, key }: Element): Allowance {
  const [, ...atoms] = key.split(' . ');
  const peer = /^(peer|network)/.test(set) ? peerOf(atoms.shift()!) : undefined;
  const protocol = PROTOCOL_NAMES[atoms[0] ?? ''];
  const port = atoms[1]?.split('-')[0];
  return {
    ...(peer !== undefined && { peer }),
    ...(protocol !== undefined && { protocol }),
    ...(port !== undefined && port !== '0' && { port: Number(port) }),
  };
}

/** An address of a network; `undefined` where that is every address. */
function peerOf(text: string): string | undefined {
  if (parseAddress(text)) return text;
  const network = networkOf(parseCidr(text)!);
  if (network.prefix === 0) return undefined;
  return formatAddress({ ...network, value: network.value + 1n });
}
