import type { ElementDifference, StaleElement } from './difference.ts';
import { type Element, type ElementTable, elementId } from './elements.ts';
import type { SetName } from './sets.ts';
import { type FilterChange, type Unit, isOfOwners, takenOver } from './units.ts';

/** An address whose number changes and whose owner does not. */
interface Move {
  readonly removal: StaleElement;
  readonly addition: Element;
}

/**
 * A change without some of its units: what they are about stays as it is. What is left opens nothing to anybody that neither
 * the old state nor the new one has open to them. So who would get a number that waits keeps the old one, whose unit waits
 * then, too; and nobody takes over the address of another that has such a number.
 *
 * @param units All of the change.
 * @param names Those that are left out.
 * @param before Whose what is there was.
 */
export function withhold(
  { desired, difference }: FilterChange,
  units: readonly Unit[],
  names: Iterable<string>,
  before: ElementTable = new Map(),
): FilterChange & { readonly waiting: readonly Unit[] } {
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  const moves = movesOf(difference, before);
  const takeovers = takenOver(desired, before);
  const unitOfOwner = new Map(
    units.filter(isOfOwners).flatMap(({ name, owners }) => [...owners].map((owner) => [owner, name])),
  );
  const waits = new Set([...names].filter((name) => byName.has(name)));
  // What is added while it goes on is gone through, too.
  for (const name of waits) {
    const numbersGivenUp = [
      ...byName.get(name)!.difference.removals,
      ...moves.filter(({ addition }) => addition.value === name).map(({ removal }) => removal),
      ...takeovers.filter(([, now]) => unitOfOwner.get(now.owner) === name).map(([old]) => old),
    ].map(({ value }) => value);
    const takers = takeovers
      .filter((pair) => pair.some(({ value }) => value === name))
      .flatMap(([, now]) => unitOfOwner.get(now.owner) ?? []);
    for (const other of [...numbersGivenUp, ...takers]) if (byName.has(other)) waits.add(other);
  }
  const waiting = units.filter(({ name }) => waits.has(name));
  if (waiting.length === 0) return { desired, difference, waiting };
  const kept = new Set(waiting.flatMap((unit) => unit.difference.removals));
  const missed = new Set<StaleElement>(waiting.flatMap((unit) => unit.difference.additions));
  for (const { removal, addition } of moves) {
    if (!waits.has(addition.value)) continue;
    kept.add(removal);
    missed.add(addition);
  }
  // Who is new to a number does not get what it allows only until now.
  for (const addition of difference.additions)
    if (waits.has(addition.value) && byName.get(addition.value)!.difference.removals.length > 0)
      missed.add(addition);
  const notTaken = takeovers.filter(([, now]) => waits.has(unitOfOwner.get(now.owner) ?? ''));
  return {
    desired: patched(desired, missed, [...kept, ...notTaken.map(([old]) => old)], before),
    difference: {
      removals: difference.removals.filter((element) => !kept.has(element)),
      additions: difference.additions.filter((element) => !missed.has(element)),
    },
    waiting,
  };
}

function movesOf({ removals, additions }: ElementDifference, before: ElementTable): Move[] {
  const old = new Map(removals.map((element) => [elementId(element), element]));
  return additions.flatMap((addition) => {
    const removal = old.get(elementId(addition));
    const owner = before.get(addition.set)?.get(addition.key)?.owner;
    return removal && owner === addition.owner ? [{ removal, addition }] : [];
  });
}

/** A table without some elements, and with others that were in the table before. */
function patched(
  table: ElementTable,
  missed: ReadonlySet<StaleElement>,
  kept: readonly StaleElement[],
  before: ElementTable,
): ElementTable {
  const result = new Map<SetName, Map<string, Element>>();
  const setOf = (name: SetName): Map<string, Element> => {
    const set = result.get(name) ?? new Map(table.get(name));
    result.set(name, set);
    return set;
  };
  for (const { set, key } of missed) setOf(set).delete(key);
  for (const { set, key } of kept) {
    const element = before.get(set)?.get(key);
    if (element) setOf(set).set(key, element);
  }
  return new Map([...table, ...result]);
}
