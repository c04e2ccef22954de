import { type Family, contains, parseAddress, parseCidr } from '../api/address.ts';
import type {
  ForeignChain,
  ForeignChains,
  ForeignStatement,
  ForeignVerdict,
  PacketField,
} from '../kernel/surroundings.ts';

/** The first packet of a flow, as the forward or input hook sees it; what is absent is not known. */
export interface SamplePacket {
  readonly family: Family;
  readonly hook: 'forward' | 'input';
  readonly iifname?: string | undefined;
  readonly oifname?: string | undefined;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  /** In nft's words: `tcp`. */
  readonly protocol?: string | undefined;
  readonly port?: number | undefined;
  /** Whether its destination was translated. */
  readonly translated: boolean;
}

/** Where a packet is dropped. */
export interface ForeignDrop {
  readonly chain: ForeignChain;
  readonly byPolicy: boolean;
}

/** How deep the kernel lets chains jump. */
const DEEPEST = 16;

/**
 * The base chain that drops a packet for certain; `undefined` where all let it pass, or where it cannot be said.
 *
 * A rule with a match that is not understood counts as matching where it names what the packet is about (an interface, an
 * address), and as not matching where it does not: `iifname "br0" SOMETHING accept` was written for br0.
 */
export function foreignDrop(chains: ForeignChains, packet: SamplePacket): ForeignDrop | undefined {
  const index = new Map(chains.map((chain) => [identity(chain, chain.name), chain]));
  const families = ['inet', packet.family === 4 ? 'ip' : 'ip6'];
  for (const chain of chains) {
    if (chain.hook !== packet.hook || !families.includes(chain.family)) continue;
    const verdict = new Evaluation(index, packet).run(chain, false, 0);
    if (verdict === 'drop') return { chain, byPolicy: false };
    if (verdict === undefined && chain.policy === 'drop') return { chain, byPolicy: true };
  }
  return undefined;
}

const identity = ({ family, table }: ForeignChain, name: string): string => `${family} ${table} ${name}`;

type Certainty = boolean | undefined;

class Evaluation {
  readonly #index: ReadonlyMap<string, ForeignChain>;
  readonly #packet: SamplePacket;

  constructor(index: ReadonlyMap<string, ForeignChain>, packet: SamplePacket) {
    this.#index = index;
    this.#packet = packet;
  }

  /** @param specific Whether what led here names what the packet is about. */
  run(chain: ForeignChain, specific: boolean, depth: number): 'accept' | 'drop' | undefined {
    for (const rule of chain.rules) {
      const outcome = this.#rule(rule, specific);
      if (!outcome) continue;
      const { verdict } = outcome;
      if (verdict.type === 'accept' || verdict.type === 'drop') return verdict.type;
      if (!('target' in verdict)) return undefined;
      const target = this.#index.get(identity(chain, verdict.target));
      const result = target && depth < DEEPEST ? this.run(target, outcome.specific, depth + 1) : undefined;
      if (result || verdict.type === 'goto') return result;
    }
    return undefined;
  }

  /** The verdict of a rule that matches; a rule without one changes nothing. */
  #rule(
    statements: readonly ForeignStatement[],
    inherited: boolean,
  ): { verdict: ForeignVerdict; specific: boolean } | undefined {
    let specific = inherited;
    let certain = true;
    for (const statement of statements) {
      switch (statement.type) {
        case 'unknown':
          certain = false;
          break;
        case 'match': {
          const matches = this.#matches(statement.field, statement.values);
          if (matches === undefined) certain = false;
          else if (matches === statement.negated) return undefined;
          else if (!statement.negated && ABOUT.has(statement.field)) specific = true;
          break;
        }
        case 'map': {
          const entry = statement.verdicts.find(([value]) => this.#matches(statement.field, [value]));
          if (!entry) return undefined;
          return { verdict: entry[1], specific: specific || ABOUT.has(statement.field) };
        }
        case 'verdict':
          return certain || specific ? { verdict: statement.verdict, specific } : undefined;
      }
    }
    return undefined;
  }

  #matches(field: PacketField, values: readonly string[]): Certainty {
    const { family, iifname, oifname, source, destination, protocol, port, translated } = this.#packet;
    const named = (name: string | undefined): Certainty =>
      name === undefined ? undefined : values.some((value) => sameName(value, name));
    switch (field) {
      case 'iifname':
        return named(iifname);
      case 'oifname':
        return named(oifname);
      case 'nfproto':
        return values.includes(`ipv${family}`);
      case 'saddr4':
      case 'saddr6':
        return field.endsWith(String(family)) ? within(values, source) : false;
      case 'daddr4':
      case 'daddr6':
        return field.endsWith(String(family)) ? within(values, destination) : false;
      case 'protocol':
        return protocol === undefined ? undefined : values.includes(protocol);
      case 'dport':
        return port === undefined ? undefined : values.some((value) => inRange(value, port));
      case 'state':
        return values.includes('new');
      case 'status':
        return translated && values.includes('dnat');
      case 'direction':
        return values.includes('original');
    }
  }
}

/** Fields that tell whom a rule is about. */
const ABOUT: ReadonlySet<PacketField> = new Set<PacketField>([
  'iifname',
  'oifname',
  'saddr4',
  'daddr4',
  'saddr6',
  'daddr6',
]);

function sameName(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

function within(values: readonly string[], text: string | undefined): Certainty {
  const address = text === undefined ? undefined : parseAddress(text);
  if (!address) return undefined;
  const results = values.map((value): Certainty => {
    const [first, last] = value.split('-').map((part) => parseAddress(part));
    if (first && last) return first.value <= address.value && address.value <= last.value;
    if (first) return first.value === address.value;
    const network = parseCidr(value);
    return network && contains(network, address);
  });
  return results.includes(true) || (results.includes(undefined) ? undefined : false);
}

function inRange(value: string, port: number): boolean {
  const [first = NaN, last = first] = value.split('-').map(Number);
  return first <= port && port <= last;
}
