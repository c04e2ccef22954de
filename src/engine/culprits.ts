import { type ElementDifference, type StaleElement, joined } from '../netfilter/difference.ts';
import { elementId } from '../netfilter/elements.ts';
import type { Unit } from '../netfilter/units.ts';

/** A search is over after so many questions: each is a transaction. */
const MOST_QUESTIONS = 64;
const NOT_TRIED = 'so much was refused that this could not be tried yet';

/** A unit that is refused. */
export interface Culprit {
  readonly unit: Unit;
  /** The kernel's, or nft's. */
  readonly words: string;
  /** What they are about; absent where the search was over before it was found. */
  readonly element?: StaleElement;
}

/** Whether these units could be carried out together. @returns nft's words where they could not. */
export type Ask = (units: readonly Unit[]) => Promise<string | undefined>;

/**
 * Finds the units without which all others can be carried out. Each takes about as many questions as the number of units
 * and that of its elements have binary digits; what is left when there were too many counts as refused.
 *
 * @param units What is likely to be refused comes last: it costs the others nothing then.
 * @returns none where it is not a matter of units, since all is refused or nothing is.
 */
export async function findCulprits(
  units: readonly Unit[],
  question: Ask,
  most = MOST_QUESTIONS,
): Promise<readonly Culprit[]> {
  let asked = 0;
  const ask: Ask = async (some) => (++asked > most ? NOT_TRIED : question(some));
  if ((await ask([])) !== undefined) return [];
  const culprits: Culprit[] = [];
  let accepted: readonly Unit[] = [];
  let rest = units;
  for (;;) {
    const found = await firstRefused(rest, (some) => ask([...accepted, ...some]));
    if (!found) return culprits;
    accepted = [...accepted, ...rest.slice(0, found.index)];
    const unit = rest[found.index]!;
    rest = rest.slice(found.index + 1);
    const changes = changesOf(unit.difference);
    const change = await firstRefused(changes, (some) =>
      ask([...accepted, { ...unit, difference: joined(some) }]),
    );
    const { additions, removals } = changes[change?.index ?? 0]!;
    const element = asked > most ? undefined : (additions[0] ?? removals[0]);
    culprits.push({ unit, words: found.words, ...(element && { element }) });
  }
}

/** The last of the shortest run of things, from the first on, that is refused. */
async function firstRefused<Thing>(
  things: readonly Thing[],
  ask: (things: readonly Thing[]) => Promise<string | undefined>,
): Promise<{ readonly index: number; readonly words: string } | undefined> {
  let words = things.length === 0 ? undefined : await ask(things);
  if (words === undefined) return undefined;
  let [accepted, refused] = [0, things.length];
  while (refused - accepted > 1) {
    const middle = Math.floor((accepted + refused) / 2);
    const answer = await ask(things.slice(0, middle));
    if (answer === undefined) accepted = middle;
    else [refused, words] = [middle, answer];
  }
  return { index: refused - 1, words };
}

/** A changed value is one change. */
function changesOf({ removals, additions }: ElementDifference): ElementDifference[] {
  const changes = new Map<string, ElementDifference>();
  for (const removal of removals) changes.set(elementId(removal), { removals: [removal], additions: [] });
  for (const addition of additions) {
    const change = changes.get(elementId(addition));
    changes.set(elementId(addition), { removals: change?.removals ?? [], additions: [addition] });
  }
  return [...changes.values()];
}
