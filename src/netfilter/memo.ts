/**
 * Remembers what was made of the same things, so that of thousands of resources only those are worked on again that an
 * edit is about. What was not asked for between two sweeps is forgotten.
 */
export class Memo<Value> {
  #before = new Map<string, Entry<Value>>();
  #now = new Map<string, Entry<Value>>();

  /** The value for this key, made anew where one of the things that it depends on is another than last time. */
  get(key: string, dependencies: readonly unknown[], make: () => Value): Value {
    const known = this.#now.get(key) ?? this.#before.get(key);
    const entry =
      known && sameThings(known.dependencies, dependencies) ? known : { dependencies, value: make() };
    this.#now.set(key, entry);
    return entry.value;
  }

  sweep(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

interface Entry<Value> {
  readonly dependencies: readonly unknown[];
  readonly value: Value;
}

/** Whether two lists have the very same things in them. */
export function sameThings(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((thing, index) => Object.is(thing, other[index]));
}
