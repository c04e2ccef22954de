import type { Key } from '../api/key.ts';
import type { Logger } from '../telemetry/log.ts';
import { Contention, type Fact } from './contention.ts';
import type { EventLog } from './event-log.ts';
import { factOf, isCorrection, needsFilter } from './facts.ts';
import type { FilterDrift } from './filter-drift.ts';
import type { Clock } from './queue.ts';
import type { PassResult } from './pass.ts';

interface ContestParts {
  readonly clock: Clock;
  readonly events: EventLog;
  readonly logger: Logger;
}

/** What something else keeps rewriting, as passes show it. */
export class Contests {
  readonly #parts: ContestParts;
  readonly #contention: Contention;

  constructor(parts: ContestParts) {
    this.#parts = parts;
    this.#contention = new Contention(parts.clock);
  }

  /**
   * Counts what a pass had to correct.
   *
   * @param before The pass before it.
   * @param changed Resources whose manifest has changed: what they need is no contest.
   */
  observe(
    { done, plan, observed }: PassResult,
    before: PassResult | undefined,
    drifts: readonly FilterDrift[],
    changed: ReadonlySet<Key>,
  ): void {
    for (const operation of done) {
      const { key } = operation;
      if (plan.plans.has(key) && !changed.has(key) && isCorrection(operation, observed, before?.observed))
        this.#note(factOf(operation));
    }
    for (const { fact, name, owner } of drifts)
      this.#note({ id: fact, text: name, protects: true, ...(owner !== undefined && { owner }) });
  }

  holdsBack(fact: string): boolean {
    return this.#contention.holdsBack(fact);
  }

  /** What is contested of a resource, for people. What belongs to none is of everything that the filter is there for. */
  of(key: Key): readonly string[] {
    return this.#contention
      .contested()
      .filter(({ owner }) => (owner === undefined ? needsFilter(key) : owner === key))
      .map(({ text }) => text);
  }

  /** Forgets what has been right for a while. @returns milliseconds until there is something to do again. */
  settle(): number | undefined {
    return this.#contention.settle();
  }

  /** Everything, or what belongs to a resource, is tried at once. */
  forget(key?: Key): void {
    this.#contention.forget(key);
  }

  #note(fact: Fact): void {
    if (!this.#contention.corrected(fact)) return;
    const message = `something else keeps rewriting ${fact.text}; lxcnet backs off`;
    const key = fact.owner !== undefined && { key: fact.owner };
    this.#parts.events.record({ ...key, type: 'Warning', reason: 'Contested', message });
    this.#parts.logger.warn(message);
  }
}
