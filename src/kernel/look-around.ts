import { findChains, readChain } from './foreign-text.ts';
import { parseListeners } from './listeners.ts';
import type { Shells } from './shell.ts';
import type { ForeignChain, ForeignChains, Surroundings } from './surroundings.ts';

/** The hooks where another table can drop what lxcnet allows. */
const HOOKS = ['forward', 'input'];
const MOST_CHAINS = 2_000;

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
 * The base chains of other tables that see what is forwarded or comes in, and the chains that they jump to. All is listed
 * at once, without what sets hold: for a single chain nft 1.0.6 reads every set of the machine, which with 400,000 elements
 * is 2.3 s and 260 MB.
 */
async function listForeignChains(shells: Shells): Promise<ForeignChains> {
  const { stdout, stderr, exitCode } = await shells.run('nft -t list ruleset');
  if (exitCode !== 0) throw new Error(stderr.split('\n')[0]);
  const listed = findChains(stdout).filter(({ table }) => table !== 'lxcnet');
  const byName = new Map(listed.map((chain) => [nameOf(chain), chain]));
  const known = new Map<string, ForeignChain>();
  let pending = listed.filter(({ hook }) => hook !== undefined && HOOKS.includes(hook));
  while (pending.length > 0 && known.size < MOST_CHAINS) {
    const chains = pending.map(readChain);
    for (const chain of chains) known.set(nameOf(chain), chain);
    const targets = new Set(chains.flatMap(targetsOf));
    pending = [...targets].filter((name) => !known.has(name)).flatMap((name) => byName.get(name) ?? []);
  }
  return [...known.values()];
}

const nameOf = ({ family, table, name }: Pick<ForeignChain, 'family' | 'table' | 'name'>): string =>
  `${family} ${table} ${name}`;

/** The names of the chains that a chain goes on in. */
function targetsOf({ family, table, rules }: ForeignChain): string[] {
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
    .map((name) => nameOf({ family, table, name }));
}
