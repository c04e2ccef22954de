import type { ElementTexts } from '../kernel/observed.ts';
import { type Element, type ElementTable, elementText } from './elements.ts';
import { SETS, SET_NAMES, type SetName, isRateSet } from './sets.ts';

/** An element that is in the kernel and should not be; whose it was is not known. */
export interface StaleElement {
  readonly set: SetName;
  readonly key: string;
  readonly value: string;
}

/** What has to change so that the kernel's elements are the desired ones. A changed value is a removal and an addition. */
export interface ElementDifference {
  readonly removals: readonly StaleElement[];
  readonly additions: readonly Element[];
}

/** Compares by set and key; pure. */
export function elementDifference(desired: ElementTable, observed: ElementTexts): ElementDifference {
  return joined(SET_NAMES.map((set) => setDifference(set, desired.get(set), observed.get(set))));
}

/** The same for one set. */
export function setDifference(
  set: SetName,
  wanted: ReadonlyMap<string, Element> | undefined,
  present: ReadonlyMap<string, string> | undefined,
): ElementDifference {
  const removals: StaleElement[] = [];
  const additions: Element[] = [];
  for (const [key, value] of present ?? []) {
    if (wanted?.get(key)?.value !== value) removals.push({ set, key, value });
  }
  for (const element of wanted?.values() ?? []) {
    if (present?.get(element.key) !== element.value) additions.push(element);
  }
  return { removals, additions };
}

/** The differences of several sets as one. */
export function joined(differences: readonly ElementDifference[]): ElementDifference {
  return {
    removals: differences.flatMap(({ removals }) => removals),
    additions: differences.flatMap(({ additions }) => additions),
  };
}

const texts = new WeakMap<ReadonlyMap<string, Element>, ReadonlyMap<string, string>>();

/** Elements as a listing would show them; of a set that has not changed it is the same map. */
export function textsOf(desired: ElementTable): ElementTexts {
  return new Map([...desired].map(([set, elements]) => [set, setTexts(elements)]));
}

function setTexts(elements: ReadonlyMap<string, Element>): ReadonlyMap<string, string> {
  const known = texts.get(elements);
  if (known) return known;
  const made = new Map([...elements].map(([key, { value }]) => [key, value]));
  texts.set(elements, made);
  return made;
}

export function isEmptyDifference({ removals, additions }: ElementDifference): boolean {
  return removals.length === 0 && additions.length === 0;
}

/** The transaction that carries a difference out: removals first, so that a changed value finds its key free. */
export function renderDifference({ removals, additions }: ElementDifference): string {
  return [...commands('delete', removals), ...commands('add', additions)].map((line) => `${line}\n`).join('');
}

/**
 * What one command holds goes to the kernel in messages of 64 KiB. The element at which such a message is full nft 1.0.6
 * turns into binary a second time, in place, which turns the byte order of its classid back: the kernel then has an
 * element of another number, and nobody says so. So each command is less than that: no element takes more than 120 bytes.
 */
const MOST_ELEMENTS = 400;

function commands(verb: 'add' | 'delete', elements: readonly StaleElement[]): string[] {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet].flatMap(([set, members]) => {
    const texts = members.map((element) => elementText(verb === 'delete' ? deletable(element) : element));
    const command = (some: readonly string[]): string =>
      `${verb} element ${SETS[set].table} lxcnet ${set} { ${some.join(', ')} }`;
    return Array.from({ length: Math.ceil(texts.length / MOST_ELEMENTS) }, (_, index) =>
      command(texts.slice(index * MOST_ELEMENTS, (index + 1) * MOST_ELEMENTS)),
    );
  });
}

/**
 * An element as nft finds it. Of a concatenation in an interval set, nft 1.0.6 turns the byte order of a classid only where a
 * part of the key is a range or a prefix; else it finds nothing, and refuses the whole transaction.
 */
function deletable({ set, key, value }: StaleElement): StaleElement {
  // Whatever limit somebody gave it, its key is enough.
  if (isRateSet(set)) return { set, key, value: '' };
  const { key: types, interval } = SETS[set];
  if (!interval || types.length === 1) return { set, key, value };
  const prefixes: Readonly<Record<string, string>> = { ipv4_addr: '/32', ipv6_addr: '/128' };
  const atoms = key.split(' . ').map((atom, index) => {
    const prefix = prefixes[types[index]!];
    return prefix === undefined || atom.includes('/') ? atom : atom + prefix;
  });
  return { set, key: atoms.join(' . '), value };
}
