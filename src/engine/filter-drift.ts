import type { Key } from '../api/key.ts';
import type { ElementDifference } from '../netfilter/difference.ts';
import { type Element, type ElementTable, elementId, elementText } from '../netfilter/elements.ts';

/** One transaction that was carried out. */
export interface FilterWrite {
  readonly difference: ElementDifference;
  /** Restored: they were missing, or not as they should be. Made anew: since a change of them had been refused. */
  readonly tables: 'kept' | 'restored' | 'made anew';
}

/** Something in the filter that somebody else had changed, and that was put right. */
export interface FilterDrift {
  /** The resource on whose behalf it is there; absent where it belongs to none. */
  readonly owner?: Key;
  /** What identifies it among everything that may drift. */
  readonly fact: string;
  /** For people: what it is, and what was done about it. */
  readonly name: string;
  readonly text: string;
}

export const TABLES_FACT = 'tables inet and bridge lxcnet';

/** What identifies an element among everything that may drift. */
export function elementFact(element: Pick<Element, 'set' | 'key'>): string {
  return `filter ${elementId(element)}`;
}

/**
 * Tells drift from what manifests or interfaces led to: what was in force at the end of the last pass and had to be
 * written again, and what was not and had to be removed.
 *
 * @param before The elements that were in force; `undefined` where that is not known.
 */
export function filterDrift(writes: readonly FilterWrite[], before: ElementTable | undefined): FilterDrift[] {
  if (!before) return [];
  /** What the pass itself has written, by fact: what it adds in one round it may remove in the next. */
  const written = new Map<string, string | undefined>();
  const isInForce = (element: Pick<Element, 'set' | 'key' | 'value'>): boolean => {
    const { set, key, value } = element;
    const fact = elementFact(element);
    return (written.has(fact) ? written.get(fact) : before.get(set)?.get(key)?.value) === value;
  };
  return writes.flatMap(({ difference: { additions, removals }, tables }) => {
    const restored = additions.filter(isInForce);
    const intruders = removals.filter((element) => !isInForce(element));
    for (const element of removals) written.set(elementFact(element), undefined);
    for (const element of additions) written.set(elementFact(element), element.value);
    if (tables === 'made anew') return [];
    if (tables === 'restored')
      return [{ fact: TABLES_FACT, name: `the ${TABLES_FACT}`, text: `made the ${TABLES_FACT} anew` }];
    const replaced = new Set(restored.map(elementFact));
    const found = new Map(removals.map((element) => [elementFact(element), element.value]));
    const told = (element: Element): string => {
      const value = found.get(elementFact(element));
      const { set, key, value: wanted } = element;
      return value === undefined
        ? `restored ${set} { ${elementText(element)} }`
        : `${set} { ${key} }: '${value}' → '${wanted}'`;
    };
    return [
      ...restored.map((element) => ({
        owner: element.owner,
        fact: elementFact(element),
        name: `${element.set} { ${element.key} }`,
        text: told(element),
      })),
      ...intruders
        .filter((element) => !replaced.has(elementFact(element)))
        .map((element) => ({
          fact: elementFact(element),
          name: `${element.set} { ${element.key} }`,
          text: `removed ${element.set} { ${elementText(element)} }`,
        })),
    ];
  });
}
