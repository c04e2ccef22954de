import { Words, unquoted } from './rule-words.ts';
import type { ForeignChain, ForeignStatement, ForeignVerdict, PacketField } from './surroundings.ts';

/*
 * Reads chains as `nft list` prints them. Text, because for rules that iptables-nft made it says more than JSON. What
 * is not understood becomes a match of which nothing is known; nothing here can fail.
 */

/** A chain whose rules are still text, a line each. */
export interface ListedChain extends Omit<ForeignChain, 'rules'> {
  readonly lines: readonly string[];
}

/** Finds the chains in one or more listings; tables of other families than IP are left out. */
export function findChains(text: string): ListedChain[] {
  const chains: ListedChain[] = [];
  let table: Pick<ForeignChain, 'family' | 'table'> | undefined;
  let chain: ({ -readonly [K in keyof ListedChain]: ListedChain[K] } & { lines: string[] }) | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const start = /^table (ip|ip6|inet|\w+) (\S+) \{/.exec(line);
    const name = /^chain (\S+) \{$/.exec(line)?.[1];
    if (start) {
      const family = start[1]!;
      table = isIpFamily(family) ? { family, table: start[2]! } : undefined;
    } else if (table && name !== undefined) {
      chains.push((chain = { ...table, name, lines: [] }));
    } else if (line === '}') {
      chain = undefined;
    } else if (chain && line.startsWith('type ')) {
      const base = /\bhook (?<hook>\w+)\b.*?(\bpolicy (?<policy>accept|drop);|$)/.exec(line)?.groups;
      if (base?.hook !== undefined) chain.hook = base.hook;
      chain.policy = base?.policy === 'drop' ? 'drop' : 'accept';
    } else if (chain && line !== '' && !line.startsWith('#')) {
      chain.lines.push(line);
    }
  }
  return chains;
}

/** The same chain with its rules understood as far as they can be. */
export function readChain({ lines, ...chain }: ListedChain): ForeignChain {
  return { ...chain, rules: lines.map(parseForeignRule) };
}

function isIpFamily(family: string): family is ForeignChain['family'] {
  return ['ip', 'ip6', 'inet'].includes(family);
}

const FIELDS: Readonly<Record<string, PacketField>> = {
  iifname: 'iifname',
  oifname: 'oifname',
  iif: 'iifname',
  oif: 'oifname',
  'meta nfproto': 'nfproto',
  'meta l4proto': 'protocol',
  'ip protocol': 'protocol',
  'ip6 nexthdr': 'protocol',
  'ip saddr': 'saddr4',
  'ip daddr': 'daddr4',
  'ip6 saddr': 'saddr6',
  'ip6 daddr': 'daddr6',
  'th dport': 'dport',
  'ct state': 'state',
  'ct status': 'status',
  'ct direction': 'direction',
};
/** `tcp dport 80` says the protocol, too; of `icmp type 8` only that is known. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  dccp: 'dccp',
  icmp: 'icmp',
  icmpv6: 'ipv6-icmp',
};

/** Reads one rule. */
export function parseForeignRule(line: string): ForeignStatement[] {
  const words = new Words(line);
  const statements: ForeignStatement[] = [];
  while (!words.atEnd()) statements.push(...nextStatements(words));
  return statements;
}

function nextStatements(words: Words): ForeignStatement[] {
  const word = words.take();
  // nft leaves out the match on TCP that such a rule began with.
  const resets = word === 'reject' && words.peek(1) === 'tcp';
  const verdict = verdictOf(word, words);
  if (verdict) return [...(resets ? [protocolMatch('tcp')] : []), { type: 'verdict', verdict }];
  switch (word) {
    case 'counter':
      words.skipOptions('packets', 'bytes');
      return [];
    case 'comment':
      words.take();
      return [];
    case 'log':
      words.skipOptions('prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags');
      return [];
  }
  const protocol = PROTOCOLS[word];
  const field = FIELDS[word] ?? FIELDS[`${word} ${words.peek()}`];
  if (protocol !== undefined) {
    const given = protocolMatch(protocol);
    if (words.peek() !== 'dport') return [given, ...unknownMatch(words)];
    words.take();
    return [given, comparison('dport', words)];
  }
  if (field === undefined) return unknownStatement(word, words);
  if (FIELDS[word] === undefined) words.take();
  return [comparison(field, words)];
}

function protocolMatch(protocol: string): ForeignStatement {
  return { type: 'match', field: 'protocol', negated: false, values: [protocol] };
}

/** Setting a mark changes nothing about the packet's way here; anything else may be a match. */
function unknownStatement(word: string, words: Words): ForeignStatement[] {
  if (['meta', 'ct'].includes(word) && words.peek(1) === 'set') {
    words.toNextStatement(3);
    return [];
  }
  words.toNextStatement(0);
  return [{ type: 'unknown' }];
}

function unknownMatch(words: Words): ForeignStatement[] {
  words.toNextStatement(0);
  return [{ type: 'unknown' }];
}

function comparison(field: PacketField, words: Words): ForeignStatement {
  const operator = words.peek();
  if (operator === 'vmap') {
    words.take();
    return { type: 'map', field, verdicts: verdictMap(words) };
  }
  if (['and', '&', '|', '<', '>', '<=', '>=', '.', '^', '/', 'set'].includes(operator)) {
    words.toNextStatement(0);
    return { type: 'unknown' };
  }
  const negated = operator === '!=';
  if (negated || operator === '==') words.take();
  const values = words.takeValues();
  // Named sets are not looked into, and what is compared may be more than this field.
  if (values.some((value) => value.startsWith('@')) || ['.', '&', 'map', 'vmap'].includes(words.peek())) {
    words.toNextStatement(0);
    return { type: 'unknown' };
  }
  return { type: 'match', field, negated, values };
}

function verdictMap(words: Words): (readonly [string, ForeignVerdict])[] {
  const entries = words.takeBraces();
  return entries.flatMap((entry) => {
    const [value = '', text = ''] = entry.split(' : ');
    const inner = new Words(text);
    const verdict = inner.atEnd() ? undefined : verdictOf(inner.take(), inner);
    return verdict ? [[unquoted(value), verdict] as const] : [];
  });
}

function verdictOf(word: string, words: Words): ForeignVerdict | undefined {
  switch (word) {
    case 'accept':
      return { type: 'accept' };
    case 'drop':
      return { type: 'drop' };
    case 'reject':
      words.toEnd();
      return { type: 'drop' };
    case 'return':
      return { type: 'return' };
    case 'jump':
    case 'goto':
      return { type: word, target: words.take() };
    case 'xt':
      return xtVerdict(words);
    default:
      return undefined;
  }
}

/** nft without iptables' extensions prints `xt target "REJECT"`. */
function xtVerdict(words: Words): ForeignVerdict | undefined {
  const target = words.peek() === 'target' ? unquoted(words.peek(1)) : '';
  if (!['REJECT', 'DROP', 'TARPIT'].includes(target)) return undefined;
  words.toEnd();
  return { type: 'drop' };
}
