import { parseForeignChains } from './foreign-text.ts';
import { parseListeners } from './listeners.ts';
import type { Shells } from './shell.ts';
import type { ForeignChain, ForeignChains, Surroundings } from './surroundings.ts';

/** The hooks where another table can drop what lxcnet allows. */
const HOOKS = ['forward', 'input'];
const MOST_CHAINS = 2_000;
/** What nft writes without quotes. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_./\\-]*$/;

/** Looks at what others do on this host. @throws {Error} Where a program refuses. */
export async function lookAround(shells: Shells): Promise<Surroundings> {
  const [foreign, listeners] = await Promise.all([
    listForeignChains(shells),
    // The programs' names take root; without `ss` there is one piece of advice less.
    shells.run('ss -Hlntup').then(({ stdout }) => parseListeners(stdout)),
  ]);
  return { foreign, listeners };
}

/**
 * The base chains of other tables that see what is forwarded or comes in, and the chains that they jump to. No table is
 * listed whole: sets with millions of elements are none of our business.
 */
async function listForeignChains(shells: Shells): Promise<ForeignChains> {
  const all = parseForeignChains(await nft(shells, 'nft list chains'));
  let pending = all.filter(
    ({ table, hook }) => table !== 'lxcnet' && hook !== undefined && HOOKS.includes(hook),
  );
  const known = new Map<string, ForeignChain>();
  while (pending.length > 0 && known.size < MOST_CHAINS) {
    const lines = pending.map((chain) => `list chain ${nameOf(chain)}\n`).join('');
    // As if typed: of several in one file nft 1.0.6 finds the last only. A chain that went meanwhile is left out.
    const listed = parseForeignChains(await nft(shells, 'nft -i', lines));
    if (listed.length === 0) break;
    for (const chain of listed) known.set(nameOf(chain), chain);
    const targets = new Map(listed.flatMap((chain) => targetsOf(chain).map((one) => [nameOf(one), one])));
    pending = [...targets].filter(([name]) => !known.has(name)).map(([, chain]) => chain);
  }
  return [...known.values()];
}

const nameOf = ({ family, table, name }: ForeignChain): string => `${family} ${table} ${name}`;

function targetsOf({ family, table, rules }: ForeignChain): ForeignChain[] {
  const verdicts = rules
    .flat()
    .flatMap((statement) =>
      statement.type === 'verdict'
        ? [statement.verdict]
        : statement.type === 'map'
          ? statement.verdicts.map(([, verdict]) => verdict)
          : [],
    );
  return verdicts
    .flatMap((verdict) => ('target' in verdict ? [verdict.target] : []))
    .filter((name) => IDENTIFIER.test(name))
    .map((name) => ({ family, table, name, rules: [] }));
}

async function nft(shells: Shells, command: string, input = ''): Promise<string> {
  const { stdout, stderr, exitCode } = await shells.run(command, input);
  if (exitCode !== 0) throw new Error(stderr.split('\n')[0]);
  return stdout;
}
