import { type Family, formatCidr } from '../api/address.ts';
import type { SourceLine } from './ledger.ts';
import type { Match, PortRange, Rule } from './rule.ts';
import { familyOf, parseNetwork, parsePorts } from './values.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads one rule, in the forms that people write by hand. What is not understood is told as unsupported. Never throws. */
export function parseNftRule(words: readonly string[], source: SourceLine, family: Family | undefined): Rule {
  return new NftRuleReader(words, source, family).read();
}

class NftRuleReader {
  readonly #words: readonly string[];
  readonly #rule: Mutable<Rule>;
  #index = 0;

  constructor(words: readonly string[], source: SourceLine, family: Family | undefined) {
    this.#words = words;
    this.#rule = { source, family, target: { kind: 'pass' } };
  }

  read(): Rule {
    while (this.#index < this.#words.length) this.#step(this.#next());
    if (this.#rule.family === undefined) {
      const [address] = [...(this.#rule.from?.value ?? []), ...(this.#rule.to?.value ?? [])];
      if (address !== undefined) this.#rule.family = familyOf(address);
    }
    return this.#rule;
  }

  #next(): string {
    return this.#words[this.#index++] ?? '';
  }

  #step(word: string): void {
    switch (word) {
      case 'iif':
      case 'iifname':
        this.#device('in');
        return;
      case 'oif':
      case 'oifname':
        this.#device('out');
        return;
      case 'ip':
      case 'ip6':
        this.#header(this.#next());
        return;
      case 'tcp':
      case 'udp':
      case 'sctp':
      case 'th':
        this.#transport(word);
        return;
      case 'meta':
        this.#meta(this.#next());
        return;
      case 'ct':
        this.#conntrack(this.#next());
        return;
      case 'counter':
        if (this.#words[this.#index] === 'packets') this.#index += 4;
        return;
      case 'comment':
        this.#next();
        return;
      default:
        this.#verdict(word);
        return;
    }
  }

  #verdict(word: string): void {
    switch (word) {
      case 'accept':
        this.#rule.target = { kind: 'accept' };
        return;
      case 'drop':
        this.#rule.target = { kind: 'drop' };
        return;
      case 'reject':
        this.#rule.target = { kind: 'drop' };
        this.#index = this.#words.length;
        return;
      case 'masquerade':
        this.#rule.target = { kind: 'masquerade' };
        return;
      case 'dnat':
      case 'snat': {
        if (/^ip6?$/.test(this.#words[this.#index] ?? '')) this.#index++;
        if (this.#next() !== 'to') this.#refuse(`\`${word}\``);
        const to = this.#next();
        this.#rule.target = { kind: word, to };
        return;
      }
      case 'jump':
      case 'goto':
        this.#rule.target = { kind: 'jump', chain: this.#next() };
        return;
      case 'return':
        this.#rule.target = { kind: 'jump', chain: 'RETURN' };
        return;
      default:
        this.#refuse(`\`${word}\``);
    }
  }

  /** What a statement compares with: one value or a set, without quotes. */
  #values(): Match<readonly string[]> {
    let negated = false;
    let value = this.#next();
    if (value === '!=' || value === '==') {
      negated = value === '!=';
      value = this.#next();
    }
    const values: string[] = [];
    if (value !== '{') values.push(value);
    else
      while (this.#index < this.#words.length && (value = this.#next()) !== '}')
        if (value !== ',') values.push(value);
    return { value: values.map((one) => one.replace(/^"|"$/g, '')), negated };
  }

  #device(end: 'in' | 'out'): void {
    const { value, negated } = this.#values();
    const [name] = value;
    if (value.length !== 1 || name === undefined || name.endsWith('*')) this.#refuse('several interfaces');
    else if (this.#rule[end]) this.#refuse('an interface twice');
    else this.#rule[end] = { value: name, negated };
  }

  #header(field: string): void {
    const { value, negated } = this.#values();
    if (field === 'saddr' || field === 'daddr') {
      const networks = value.map((text) => parseNetwork(text));
      const end = field === 'saddr' ? 'from' : 'to';
      if (networks.includes(undefined) || networks.length === 0)
        this.#refuse('an address that is not a number');
      else if (this.#rule[end]) this.#refuse('an address twice');
      else this.#rule[end] = { value: networks.map((network) => formatCidr(network!)), negated };
    } else if (field === 'protocol' || field === 'nexthdr') this.#protocol(value, negated);
    else this.#refuse(`\`${field}\``);
  }

  #protocol(value: readonly string[], negated: boolean): void {
    if (value.length !== 1 || negated) this.#refuse('several protocols');
    else this.#rule.protocol = value[0]!.toUpperCase();
  }

  #transport(protocol: string): void {
    if (protocol !== 'th') this.#rule.protocol = protocol.toUpperCase();
    const field = this.#next();
    const { value, negated } = this.#values();
    if (field !== 'dport' || negated || this.#rule.ports !== undefined) {
      this.#refuse(`\`${protocol} ${field}\``);
      return;
    }
    if (value[0] === 'vmap' || value[0] === 'map') {
      this.#refuse(`\`${protocol} ${value[0]}\``);
      return;
    }
    const ranges = value.map((text) => parsePorts(text, '-'));
    if (ranges.includes(undefined) || ranges.length === 0) this.#refuse('a port that is not a number');
    else this.#rule.ports = ranges as PortRange[];
  }

  #meta(field: string): void {
    if (field === 'iifname' || field === 'iif') {
      this.#device('in');
      return;
    }
    if (field === 'oifname' || field === 'oif') {
      this.#device('out');
      return;
    }
    const { value, negated } = this.#values();
    if (field === 'l4proto') this.#protocol(value, negated);
    else if (field === 'nfproto' && !negated && value.length === 1 && /^ipv[46]$/.test(value[0]!))
      this.#rule.family = value[0] === 'ipv4' ? 4 : 6;
    else this.#refuse(`\`meta ${field}\``);
  }

  #conntrack(field: string): void {
    const { value, negated } = this.#values();
    while (this.#words[this.#index] === ',') {
      this.#index++;
      (value as string[]).push(this.#next());
    }
    if (field === 'state' && !negated) this.#rule.states = value.map((state) => state.toUpperCase());
    else if (field === 'status' && !negated && value.join() === 'dnat') this.#refuse('`ct status`');
    else this.#refuse(`\`ct ${field}\``);
  }

  #refuse(what: string): void {
    this.#rule.unsupported ??= `${what.slice(0, 60)} has no counterpart in a manifest`;
  }
}
