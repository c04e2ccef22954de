import type { Family } from '../api/address.ts';
import type { Facts } from './facts.ts';
import { aboutPolicy } from './iptables-commands.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { type NftStatement, lexNft } from './nft-lexer.ts';
import { parseNftRule } from './nft-rule.ts';
import type { Rule } from './rule.ts';

/** Where a chain stands, as its `type … hook …` says. */
interface ChainPlace {
  readonly name: string;
  type: string;
  hook: string;
}

interface TableBlock {
  readonly family: string;
  readonly name: string;
}

/** Reads what `nft list ruleset` prints, and files that are written like that. */
export function readNftRuleset(file: string, text: string, facts: Facts, ledger: Ledger): void {
  new RulesetReader(file, facts, ledger).read(lexNft(text));
}

class RulesetReader {
  readonly #file: string;
  readonly #facts: Facts;
  readonly #ledger: Ledger;
  readonly #variables = new Map<string, readonly string[]>();
  #table: TableBlock | undefined;
  #chain: ChainPlace | undefined;
  /** How deep in a block that is not followed. */
  #other = 0;

  constructor(file: string, facts: Facts, ledger: Ledger) {
    this.#file = file;
    this.#facts = facts;
    this.#ledger = ledger;
  }

  read(statements: readonly NftStatement[]): void {
    for (const statement of statements) {
      if (statement.end === '}') this.#close();
      else if (statement.end === '{') this.#open(statement);
      else this.#statement(statement);
    }
  }

  #close(): void {
    if (this.#other > 0) this.#other--;
    else if (this.#chain) this.#chain = undefined;
    else this.#table = undefined;
  }

  #open(statement: NftStatement): void {
    const words = statement.words.filter((word) => word !== 'add' && word !== 'create');
    const [kind, first = '', second] = words;
    if (this.#other === 0 && kind === 'table' && !this.#table && words.length <= 3) {
      this.#table = second === undefined ? { family: 'ip', name: first } : { family: first, name: second };
    } else if (this.#other === 0 && kind === 'chain' && this.#table && !this.#chain && words.length === 2) {
      this.#chain = { name: first, type: '', hook: '' };
    } else {
      this.#other++;
      this.#comment(statement, 'only chains are carried over');
    }
  }

  #statement(statement: NftStatement): void {
    const { words } = statement;
    if (this.#other > 0) {
      this.#comment(statement, 'only chains are carried over');
      return;
    }
    if (words[0] === 'define' && words[2] === '=') {
      this.#variables.set(words[1]!, words.slice(3));
      return;
    }
    if (words.join(' ') === 'flush ruleset' || words[0] === 'flush') {
      this.#comment(statement, 'not needed: lxcnet has tables of its own, and empties no others');
      return;
    }
    if (words[0] === 'include') {
      this.#comment(statement, 'not read: import that file too');
      return;
    }
    if (!this.#table || !this.#chain) {
      this.#comment(statement, 'not recognised');
      return;
    }
    if (words[0] === 'type' && words[2] === 'hook') {
      Object.assign(this.#chain, { type: words[1], hook: words[3] ?? '' });
      return;
    }
    if (words[0] === 'policy') {
      const hook = this.#chain.hook.toUpperCase();
      const policy = words[1]?.toUpperCase() ?? '';
      if (policy === 'ACCEPT' && (hook !== 'FORWARD' || this.#chain.type !== 'filter')) return;
      this.#comment(statement, aboutPolicy(this.#chain.type, hook, policy));
      return;
    }
    if (words[0] === 'comment' && words.length === 2) return;
    this.#rule(statement, this.#table, this.#chain);
  }

  #rule(statement: NftStatement, table: TableBlock, { name, type, hook }: ChainPlace): void {
    const source = this.#enter(statement);
    if (table.name === 'lxcnet') {
      this.#ledger.comment(source, 'not needed: it is lxcnet that made it');
      return;
    }
    const families: Readonly<Record<string, Family | undefined>> = { ip: 4, ip6: 6, inet: undefined };
    if (!Object.hasOwn(families, table.family)) {
      this.#ledger.comment(source, `tables of the family ${table.family.slice(0, 20)} are not carried over`);
      return;
    }
    const words = this.#replaced(statement.words);
    if (typeof words === 'string') {
      this.#ledger.comment(source, words);
      return;
    }
    const rule: Rule = parseNftRule(words, source, families[table.family]);
    const place = `/${table.family} ${table.name} ${name}`;
    const chain = hook === '' ? name : hook.toUpperCase();
    const family = families[table.family];
    const kind = hook === '' ? 'nft' : type;
    this.#facts.rules.add('last', { family, table: `${kind}${place}`, chain }, rule, '');
  }

  #replaced(words: readonly string[]): readonly string[] | string {
    const replaced: string[] = [];
    for (const word of words) {
      const value = word.startsWith('$') ? this.#variables.get(word.slice(1)) : [word];
      if (!value) return `${word.slice(0, 40)} is not defined in this file`;
      replaced.push(...value);
      if (replaced.length > 4000) return 'it is too long';
    }
    return replaced;
  }

  #comment(statement: NftStatement, reason: string): void {
    this.#ledger.comment(this.#enter(statement), reason);
  }

  #enter({ line, words }: NftStatement): SourceLine {
    return this.#ledger.enter(this.#file, line, words.join(' ').replaceAll(' ,', ','));
  }
}
