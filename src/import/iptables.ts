import { type Family, formatCidr } from '../api/address.ts';
import type { SourceLine } from './ledger.ts';
import type { Match, PortRange, Rule, Target } from './rule.ts';
import { parseNetwork, parsePorts } from './values.ts';

/** A command of iptables, as its arguments say it. */
export type IptablesCommand =
  | { readonly command: 'append' | 'insert' | 'delete'; readonly written: string; readonly rule: Rule }
  | { readonly command: 'check' | 'flush' | 'list' | 'zero' | 'new-chain' | 'delete-chain' }
  | { readonly command: 'policy'; readonly policy: string }
  | { readonly command: 'unknown'; readonly reason: string };

export type ParsedIptables = IptablesCommand & { readonly table: string; readonly chain: string | undefined };

const COMMANDS: Readonly<Record<string, IptablesCommand['command']>> = {
  '-A': 'append',
  '--append': 'append',
  '-I': 'insert',
  '--insert': 'insert',
  '-D': 'delete',
  '--delete': 'delete',
  '-C': 'check',
  '--check': 'check',
  '-F': 'flush',
  '--flush': 'flush',
  '-X': 'delete-chain',
  '--delete-chain': 'delete-chain',
  '-Z': 'zero',
  '--zero': 'zero',
  '-N': 'new-chain',
  '--new-chain': 'new-chain',
  '-P': 'policy',
  '--policy': 'policy',
  '-L': 'list',
  '--list': 'list',
  '-S': 'list',
  '--list-rules': 'list',
};

/** Options without a value that say how the program is to behave. */
const BEHAVIOUR = new Set(['-w', '--wait', '-v', '--verbose', '-n', '--numeric', '--line-numbers', '-x']);

/** Reads the arguments of `iptables` or `ip6tables`. Never throws. */
export function parseIptables(
  args: readonly string[],
  source: SourceLine,
  family: Family,
  defaultTable = 'filter',
): ParsedIptables {
  let table = defaultTable;
  let found: IptablesCommand['command'] | undefined;
  const operands: string[] = [];
  const rest: string[] = [];
  const words = args.flatMap(withoutEquals);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (word === '-t' || word === '--table') table = words[++index] ?? '';
    else if (BEHAVIOUR.has(word)) {
      if (/^-(w|-wait)$/.test(word) && /^\d+$/.test(words[index + 1] ?? '')) index++;
    } else if (found === undefined && Object.hasOwn(COMMANDS, word)) {
      found = COMMANDS[word];
      while (operands.length < 3 && index + 1 < words.length && !/^[-!]/.test(words[index + 1]!))
        operands.push(words[++index]!);
    } else rest.push(word);
  }
  const [chain, operand] = operands;
  const place = { table, chain };
  if (found === undefined || found === 'unknown')
    return { command: 'unknown', reason: 'no command of iptables that is known', ...place };
  if (found === 'policy') return { command: 'policy', policy: operand ?? '', ...place };
  if (found !== 'append' && found !== 'insert' && found !== 'delete') return { command: found, ...place };
  if (chain === undefined) return { command: 'unknown', reason: 'names no chain', ...place };
  if (operand !== undefined && !(found === 'insert' && operand === '1')) {
    const reason = `rule number ${operand} is not known here: its place among the others is not clear`;
    return { command: 'unknown', reason, ...place };
  }
  const rule = new RuleReader(rest, source, family).read();
  return { command: found, written: JSON.stringify(rest), rule, ...place };
}

function withoutEquals(word: string): readonly string[] {
  const match = /^(--[a-z-]+)=(.*)$/.exec(word);
  return match ? [match[1]!, match[2]!] : [word];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads what follows the chain: matches and a target. */
class RuleReader {
  readonly #words: readonly string[];
  readonly #rule: Mutable<Rule>;
  readonly #ports: PortRange[] = [];
  #index = 0;

  constructor(words: readonly string[], source: SourceLine, family: Family) {
    this.#words = words;
    this.#rule = { source, family, target: { kind: 'pass' } };
  }

  read(): Rule {
    let negated = false;
    while (this.#index < this.#words.length) {
      const word = this.#words[this.#index++]!;
      if (word === '!') negated = true;
      else {
        this.#option(word, negated);
        negated = false;
      }
    }
    if (this.#ports.length > 0) {
      this.#rule.ports = this.#ports;
      if (this.#rule.protocol === undefined) this.#refuse('ports without a protocol');
    }
    return this.#rule;
  }

  #option(word: string, given: boolean): void {
    const value = (): string => this.#words[this.#index++] ?? '';
    // `-s ! 10.0.0.1`, as it was written long ago.
    const negated = given || (this.#words[this.#index] === '!' && this.#index++ >= 0);
    switch (word) {
      case '-i':
      case '--in-interface':
        this.#rule.in = this.#interface(value(), negated);
        return;
      case '-o':
      case '--out-interface':
        this.#rule.out = this.#interface(value(), negated);
        return;
      case '-s':
      case '--source':
      case '--src':
        this.#set('from', this.#networks(value(), negated));
        return;
      case '-d':
      case '--destination':
      case '--dst':
        this.#set('to', this.#networks(value(), negated));
        return;
      case '-p':
      case '--protocol':
      case '--proto':
        this.#protocol(value(), negated);
        return;
      case '--dport':
      case '--destination-port':
      case '--dports':
      case '--destination-ports':
        this.#portList(value(), negated);
        return;
      case '-m':
      case '--match':
        this.#module(value());
        return;
      case '--state':
      case '--ctstate':
        this.#states(value(), negated);
        return;
      case '--dst-type':
        if (value() !== 'LOCAL' || negated) this.#refuse('`-m addrtype`');
        return;
      case '--comment':
        value();
        return;
      case '--syn':
        if (negated) this.#refuse('`! --syn`');
        return;
      case '-j':
      case '--jump':
        this.#rule.target = targetOf(value());
        return;
      default:
        this.#targetOption(word, value);
    }
  }

  #targetOption(word: string, value: () => string): void {
    const { target } = this.#rule;
    const isDestination = word.startsWith('--to') && '--to-destination'.startsWith(word);
    const isSource = word.startsWith('--to') && '--to-source'.startsWith(word);
    if (target.kind === 'dnat' && isDestination) this.#rule.target = { kind: 'dnat', to: value() };
    else if (target.kind === 'snat' && isSource) this.#rule.target = { kind: 'snat', to: value() };
    else if (/^--(reject-with|log-[a-z-]+|nflog-[a-z-]+|set-x?mark)$/.test(word)) value();
    else if (/^--(random|random-fully|persistent)$/.test(word)) this.#leaveOut(`\`${word}\``);
    else this.#refuse(`\`${word.slice(0, 40)}\``);
  }

  #set(end: 'from' | 'to', match: Match<readonly string[]> | undefined): void {
    if (match) this.#rule[end] = match;
  }

  #interface(name: string, negated: boolean): Match<string> {
    if (name.endsWith('+')) this.#refuse('an interface with `+`');
    return { value: name, negated };
  }

  /** What is not understood compares with nothing, so that the rule is taken to be about more than it is. */
  #networks(text: string, negated: boolean): Match<readonly string[]> | undefined {
    const networks = text.split(',').map(parseNetwork);
    const { family } = this.#rule;
    const known = networks.filter((network) => network?.family === family);
    if (known.length === networks.length)
      return { value: known.map((network) => formatCidr(network!)), negated };
    this.#refuse('an address that is not a number');
    return undefined;
  }

  #protocol(text: string, negated: boolean): void {
    const numbers: Readonly<Record<string, string>> = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' };
    const name = Object.hasOwn(numbers, text) ? numbers[text]! : text.toUpperCase();
    if (negated) this.#refuse('`! -p`');
    else if (name !== 'ALL' && name !== '0') this.#rule.protocol = name;
  }

  #portList(text: string, negated: boolean): void {
    const ranges = text.split(',').map((part) => parsePorts(part, ':'));
    if (negated) this.#refuse('ports with `!`');
    else if (ranges.includes(undefined)) this.#refuse('a port that is not a number');
    else for (const range of ranges) this.#ports.push(range!);
  }

  #states(text: string, negated: boolean): void {
    if (negated) this.#refuse('states with `!`');
    else this.#rule.states = text.toUpperCase().split(',');
  }

  #module(name: string): void {
    const known = ['state', 'conntrack', 'multiport', 'tcp', 'udp', 'sctp', 'comment', 'addrtype'];
    if (!known.includes(name)) this.#refuse(`\`-m ${name.slice(0, 40)}\``);
  }

  #refuse(what: string): void {
    this.#rule.unsupported ??= `${what} has no counterpart in a manifest`;
  }

  #leaveOut(what: string): void {
    this.#rule.leftOut ??= `${what} is left out`;
  }
}

function targetOf(name: string): Target {
  switch (name) {
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'DROP':
    case 'REJECT':
      return { kind: 'drop' };
    case 'MASQUERADE':
      return { kind: 'masquerade' };
    case 'DNAT':
      return { kind: 'dnat', to: '' };
    case 'SNAT':
      return { kind: 'snat', to: '' };
    case 'LOG':
    case 'NFLOG':
    case 'TRACE':
    case 'MARK':
    case 'CONNMARK':
    case 'TCPMSS':
      return { kind: 'pass' };
    default:
      return { kind: 'jump', chain: name };
  }
}
