import type { Family } from '../api/address.ts';
import type { Facts } from './facts.ts';
import { type ParsedIptables, parseIptables } from './iptables.ts';
import type { Ledger, SourceLine } from './ledger.ts';

/** Takes a command of iptables into the account: its rule into the rules, or a comment. */
export function readIptables(
  args: readonly string[],
  source: SourceLine,
  family: Family,
  { facts, ledger, table }: { facts: Facts; ledger: Ledger; table?: string },
): 'query' | 'done' {
  const parsed = parseIptables(args, source, family, table);
  if (parsed.command === 'list' || parsed.command === 'check') {
    ledger.ignore(source);
    return 'query';
  }
  change(parsed, source, family, facts, ledger);
  return 'done';
}

function change(
  parsed: ParsedIptables,
  source: SourceLine,
  family: Family,
  facts: Facts,
  ledger: Ledger,
): void {
  const { table, chain = '' } = parsed;
  switch (parsed.command) {
    case 'append':
      facts.rules.add('last', { family, table, chain }, parsed.rule, parsed.written);
      return;
    case 'insert':
      facts.rules.add('first', { family, table, chain }, parsed.rule, parsed.written);
      return;
    case 'delete': {
      const removed = facts.rules.remove({ family, table, chain }, parsed.written);
      if (removed) ledger.comment(removed.source, `removed again in line ${source.line} of ${source.file}`);
      ledger.comment(source, 'not needed: nothing is there that would have to go');
      return;
    }
    case 'flush': {
      for (const rule of facts.rules.flush({ family, table, chain: parsed.chain }))
        ledger.comment(rule.source, `flushed in line ${source.line} of ${source.file}`);
      ledger.comment(source, 'not needed: lxcnet has tables of its own, and empties no others');
      return;
    }
    case 'policy':
      ledger.comment(source, aboutPolicy(table, chain, parsed.policy));
      return;
    case 'unknown':
      ledger.comment(source, parsed.reason);
      return;
    default:
      ledger.comment(source, 'not needed: lxcnet has tables and chains of its own');
  }
}

/** What becomes of a chain's policy. */
export function aboutPolicy(table: string, chain: string, policy: string): string {
  if (chain !== 'FORWARD' || table !== 'filter')
    return 'not needed: lxcnet does not filter what the host itself sends and receives';
  return policy.toUpperCase() === 'ACCEPT'
    ? 'not carried over: containers are closed but for what is allowed; `defaultPolicy: Allow` on a Bridge opens those of it that no policy selects'
    : 'not needed: containers are closed by default, and what is no concern of lxcnet stays as it is';
}
