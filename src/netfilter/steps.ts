import type { ElementTexts } from '../kernel/observed.ts';
import type { ElementDifference, StaleElement } from './difference.ts';
import { SETS, SET_NAMES } from './sets.ts';

/**
 * The transactions that carry a difference out, one after the other: what a new number allows, then who has which number,
 * then what a number allowed that nobody has any more.
 *
 * In one transaction a packet could find its old number and no longer what that allowed, or its new one and not yet: the
 * kernel puts a transaction in force at once, but a packet looks several times, and an interval set shows its new elements
 * only as the kernel ends the transaction, which takes long enough to lose packets of flows that are allowed before and
 * after. What nobody's number allows lets nothing pass, so the first and the last transaction change no verdict.
 */
export function stepsOf(
  difference: ElementDifference,
  observed: ElementTexts,
  desired: ElementTexts,
): ElementDifference[] {
  const { removals, additions } = difference;
  const all = [...removals, ...additions];
  if (all.every((element) => numberOf(element) === undefined)) return all.length > 0 ? [difference] : [];
  const [before, after] = [numbersGiven(observed), numbersGiven(desired)];
  const removed = new Set(removals.map(numberOf));
  const isNew = (element: StaleElement): boolean => {
    const number = numberOf(element);
    // What is there of it without being in use may be in the way of what is to be.
    return number !== undefined && !before.has(number) && !removed.has(number);
  };
  const isOver = (element: StaleElement): boolean => {
    const number = numberOf(element);
    return number !== undefined && !after.has(number);
  };
  const steps: ElementDifference[] = [
    { removals: [], additions: additions.filter(isNew) },
    {
      removals: removals.filter((element) => !isOver(element)),
      additions: additions.filter((element) => !isNew(element)),
    },
    { removals: removals.filter(isOver), additions: [] },
  ];
  return steps.filter((step) => step.removals.length + step.additions.length > 0);
}

/** The number that an element says something about. */
export function numberOf({ set, key }: StaleElement): string | undefined {
  return SETS[set].key[0] === 'classid' ? key.split(' . ')[0] : undefined;
}

/** The numbers that a packet may get. */
function numbersGiven(elements: ElementTexts): ReadonlySet<string> {
  const maps = SET_NAMES.filter((name) => SETS[name].value?.[0] === 'classid');
  return new Set(maps.flatMap((name) => [...(elements.get(name)?.values() ?? [])]));
}
