import type { Key } from '../api/key.ts';
import type { ElementDifference, StaleElement } from './difference.ts';
import type { Element, ElementTable } from './elements.ts';
import { numberOf } from './steps.ts';

/** A part of a difference that is carried out as a whole or not at all. */
export interface Unit {
  /** The number that it is about, or the resource whose it is. */
  readonly name: string;
  /** The resources that have something in it. */
  readonly owners: ReadonlySet<Key>;
  readonly difference: ElementDifference;
}

/** Whether it is about resources, and not about a number. */
export function isOfOwners({ name, owners }: Unit): boolean {
  return owners.has(name as Key);
}

/** The name of what belongs to no resource. */
const NOBODY = 'nobody';

/** The elements that are to be, and what has to change for that. */
export interface FilterChange {
  readonly desired: ElementTable;
  readonly difference: ElementDifference;
}

/**
 * Takes a change apart into what may be left out without opening anything.
 *
 * What one number allows is one unit, whoever wants it: policies share elements, and their networks are cut against each
 * other. Of the rest, what is of one resource is a unit; with what is of another that takes over something of it, such as
 * an address.
 *
 * @param before Whose what is there was, as far as it is known.
 * @returns `undefined` where something has to go of which it is not known whose it is.
 */
export function unitsOf(
  { desired, difference: { removals, additions } }: FilterChange,
  before: ElementTable | undefined,
): Unit[] | undefined {
  if (before === undefined && removals.length > 0) return undefined;
  const groups = new Groups();
  for (const [element, now] of takenOver(desired, before)) groups.join(element.owner, now.owner);
  const units = new Map<string, { owners: Set<Key>; removals: StaleElement[]; additions: Element[] }>();
  const unitFor = (
    element: StaleElement,
    owner: Key | undefined,
  ): { removals: StaleElement[]; additions: Element[] } => {
    const name = numberOf(element) ?? (owner === undefined ? NOBODY : groups.of(owner));
    const unit = units.get(name) ?? { owners: new Set(), removals: [], additions: [] };
    if (owner !== undefined) unit.owners.add(owner);
    units.set(name, unit);
    return unit;
  };
  for (const removal of removals) {
    const owner = [before, desired].map((table) => table?.get(removal.set)?.get(removal.key)?.owner);
    unitFor(removal, owner[0] ?? owner[1]).removals.push(removal);
  }
  for (const addition of additions) unitFor(addition, addition.owner).additions.push(addition);
  return [...units].map(([name, { owners, ...difference }]) => ({ name, owners, difference }));
}

/** What had another owner before, whether it changes or not: as it was, and as it is to be. What numbers allow has none. */
export function takenOver(desired: ElementTable, before: ElementTable = new Map()): [Element, Element][] {
  return [...before].flatMap(([set, elements]) =>
    [...elements.values()].flatMap((element): [Element, Element][] => {
      const now = desired.get(set)?.get(element.key);
      const other = now !== undefined && now.owner !== element.owner && numberOf(element) === undefined;
      return other ? [[element, now]] : [];
    }),
  );
}

/** Which resources go together; a group has the name of one of them. */
class Groups {
  readonly #leaders = new Map<Key, Key>();

  of(key: Key): Key {
    let leader = key;
    for (let next: Key | undefined = key; next !== undefined; next = this.#leaders.get(leader)) leader = next;
    return leader;
  }

  join(one: Key, other: Key): void {
    const [leader, follower] = [this.of(one), this.of(other)];
    if (leader !== follower) this.#leaders.set(follower, leader);
  }
}
