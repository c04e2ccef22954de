import { type Key, keyOf } from '../api/key.ts';
import type { ApiObject } from '../api/object.ts';

/** What is waited for: a condition of this type with this status. */
export interface WantedCondition {
  readonly type: string;
  readonly status: string;
}

/** Which of the resources that are waited for meet the condition, as changes come in. */
export class WaitProgress {
  readonly #wanted: WantedCondition;
  /** `undefined` where whatever exists is waited for. */
  readonly #named: readonly Key[] | undefined;
  readonly #objects = new Map<Key, ApiObject>();
  readonly #unmet = new Set<Key>();

  constructor(wanted: WantedCondition, named: readonly Key[] | undefined) {
    this.#wanted = wanted;
    this.#named = named;
    this.reset();
  }

  /** Forgets every object, before all are listed anew. */
  reset(): void {
    this.#objects.clear();
    this.#unmet.clear();
    this.#named?.forEach((key) => this.#unmet.add(key));
  }

  set(object: ApiObject): void {
    const key = keyOf(object.kind, object.metadata.namespace ?? '', object.metadata.name);
    if (this.#named && !this.#named.includes(key)) return;
    this.#objects.set(key, object);
    if (isMet(object, this.#wanted)) this.#unmet.delete(key);
    else this.#unmet.add(key);
  }

  remove(object: ApiObject): void {
    const key = keyOf(object.kind, object.metadata.namespace ?? '', object.metadata.name);
    this.#objects.delete(key);
    if (this.#named?.includes(key)) this.#unmet.add(key);
    else this.#unmet.delete(key);
  }

  /** Whether every resource meets the condition, and there is one. */
  isDone(): boolean {
    return this.#unmet.size === 0 && this.#objects.size > 0;
  }

  /** The resources that meet the condition. */
  get met(): readonly Key[] {
    return [...this.#objects.keys()].filter((key) => !this.#unmet.has(key));
  }

  /** Those that do not, and why. */
  get unmet(): readonly (readonly [Key, string])[] {
    return [...this.#unmet].map((key) => [key, whyUnmet(this.#objects.get(key), this.#wanted)]);
  }
}

function isMet({ metadata, status }: ApiObject, { type, status: wanted }: WantedCondition): boolean {
  return status.conditions.some(
    (condition) =>
      equalFold(condition.type, type) &&
      equalFold(condition.status, wanted) &&
      condition.observedGeneration === metadata.generation,
  );
}

function whyUnmet(object: ApiObject | undefined, { type }: WantedCondition): string {
  if (!object) return 'it does not exist';
  const { metadata, status } = object;
  if (status.conditions.length === 0) return 'it was not looked at yet';
  if (status.observedGeneration !== metadata.generation) {
    return `generation ${metadata.generation} was not looked at yet (observed: ${status.observedGeneration})`;
  }
  const condition = status.conditions.find((candidate) => equalFold(candidate.type, type));
  if (!condition) return `it has no condition ${type}`;
  return `${condition.type} is ${condition.status}: ${condition.reason}: ${condition.message}`;
}

function equalFold(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
