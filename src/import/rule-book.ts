import type { Family } from '../api/address.ts';
import type { Rule } from './rule.ts';

export interface ChainName {
  /** Both, where absent. */
  readonly family: Family | undefined;
  /** `nat`, `filter`, …; after a slash what keeps chains of several tables apart that have the same place. */
  readonly table: string;
  /** In iptables' spelling, for chains that the kernel calls: `FORWARD`. */
  readonly chain: string;
}

interface Chain extends ChainName {
  /** The newest first. */
  readonly inserted: Set<Rule>;
  readonly appended: Set<Rule>;
  /** Rules by how they were written. */
  readonly written: Map<string, Rule[]>;
}

/** A rule with its chain. */
export interface PlacedRule extends ChainName {
  readonly rule: Rule;
}

/** The chains of a firewall, as the commands of a script change them one after the other. */
export class RuleBook {
  readonly #chains = new Map<string, Chain>();

  /** @param written How the rule was written, which is how a later command says that it goes. */
  add(place: 'first' | 'last', name: ChainName, rule: Rule, written: string): void {
    const chain = this.#chain(name);
    chain[place === 'first' ? 'inserted' : 'appended'].add(rule);
    const same = chain.written.get(written);
    if (same) same.push(rule);
    else chain.written.set(written, [rule]);
  }

  /** Removes a rule that was written like this. */
  remove(name: ChainName, written: string): Rule | undefined {
    const chain = this.#chain(name);
    const rule = chain.written.get(written)?.shift();
    if (rule && !chain.inserted.delete(rule)) chain.appended.delete(rule);
    return rule;
  }

  /** Empties a chain, or all chains of a table. @returns the rules that were in it. */
  flush({ family, table, chain }: Omit<ChainName, 'chain'> & { chain: string | undefined }): readonly Rule[] {
    return [...this.#chains.values()]
      .filter((one) => one.family === family && one.table === table)
      .filter((one) => chain === undefined || one.chain === chain)
      .flatMap((one) => {
        const rules = inOrder(one);
        this.#chains.delete(keyOf(one));
        return rules;
      });
  }

  /** The chains of this table and name, each with its rules in the order in which they are tried. */
  chains(table: string, name: string): readonly (readonly Rule[])[] {
    return [...this.#chains.values()]
      .filter((one) => one.chain === name && one.table.split('/')[0] === table)
      .map(inOrder);
  }

  /** Every rule. */
  all(): readonly PlacedRule[] {
    return [...this.#chains.values()].flatMap((one) => {
      const { family, table, chain } = one;
      return inOrder(one).map((rule) => ({ family, table, chain, rule }));
    });
  }

  #chain(name: ChainName): Chain {
    const key = keyOf(name);
    const known = this.#chains.get(key);
    if (known) return known;
    const chain = { ...name, inserted: new Set<Rule>(), appended: new Set<Rule>(), written: new Map() };
    this.#chains.set(key, chain);
    return chain;
  }
}

function inOrder({ inserted, appended }: Chain): readonly Rule[] {
  return [...[...inserted].reverse(), ...appended];
}

function keyOf({ family, table, chain }: ChainName): string {
  return JSON.stringify([family, table, chain]);
}
