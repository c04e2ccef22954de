import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { Contests } from './contests.ts';
import { Corrections } from './corrections.ts';
import type { DesiredState } from './desired-state.ts';
import type { EngineParts } from './engine-parts.ts';
import { replacedContainers } from './facts.ts';
import { ForeignWriters } from './foreign-writers.ts';
import { Judge } from './judge.ts';
import { isReady } from './object-conditions.ts';
import { reportPass } from './pass-report.ts';
import type { PassResult } from './pass.ts';

type AssessmentParts = Pick<EngineParts, 'objects' | 'events' | 'metrics' | 'logger' | 'clock'> & {
  readonly desired: Pick<DesiredState, 'errorsOf' | 'pruneBlockedOf'>;
  readonly queue: { forget(key: Key): void; retry(key: Key): void };
};

/** A pass, and what it was about. */
export interface Passed {
  readonly result: PassResult;
  /** The result of the pass before it. */
  readonly before: PassResult | undefined;
  readonly manifests: ReadonlyMap<Key, Manifest>;
  /** Resources whose manifest has changed since the pass before, or one that theirs leans on. */
  readonly edited: ReadonlySet<Key>;
  readonly postponed: ReadonlySet<Key>;
}

/** What is made of passes: what of them was drift, what somebody else keeps rewriting, and how each resource is. */
export class Assessment {
  /** Who has changed our tables meanwhile. */
  readonly writers = new ForeignWriters();
  readonly #parts: AssessmentParts;
  readonly #contests: Contests;
  readonly #corrections: Corrections;
  readonly #judge: Judge;

  constructor(parts: AssessmentParts) {
    const { objects, desired } = parts;
    this.#parts = parts;
    this.#contests = new Contests(parts);
    this.#corrections = new Corrections((key) => {
      const object = objects.get(key);
      return object !== undefined && isReady(object);
    });
    this.#judge = new Judge({
      ...parts,
      contests: this.#contests,
      errorsOf: (key) => desired.errorsOf(key),
      pruneBlockedOf: (key) => desired.pruneBlockedOf(key),
    });
  }

  /** Whether something that is wrong is to be left alone for now, since something else keeps rewriting it. */
  holdsBack(fact: string): boolean {
    return this.#contests.holdsBack(fact);
  }

  /**
   * Assesses a pass.
   *
   * @returns what is new since the pass before: edited resources, and those whose container is another one; and in how many
   * milliseconds something that is held back is due.
   */
  assess({ result, before, manifests, edited, postponed }: Passed): {
    readonly changed: ReadonlySet<Key>;
    readonly dueIn: number | undefined;
  } {
    const { metrics, objects } = this.#parts;
    const changed = new Set([...edited, ...replacedContainers(before?.observed, result.observed)]);
    const isCorrection = (key: Key): boolean => this.#corrections.isCorrection(key, changed);
    const drifts = reportPass(this.#parts, result, before, isCorrection, this.writers.take());
    this.#corrections.passed(changed, [...result.failures.keys(), ...postponed]);
    this.#contests.observe(result, before, drifts, changed);
    this.#judge.judge(manifests.values(), result, postponed);
    metrics.observeObjects(objects.list());
    return { changed, dueIn: this.#contests.settle() };
  }

  /** Says of every resource that nobody knows how it is. */
  unknown(manifests: Iterable<Manifest>, message: string): void {
    this.#judge.unknown(manifests, message);
  }

  /** Says which resources have another manifest now, or none. */
  edited({ changed, removed }: { readonly changed: Iterable<Key>; readonly removed: Iterable<Key> }): void {
    for (const key of changed) this.#contests.forget(key);
    for (const key of [...changed, ...removed]) this.#judge.forget(key);
  }

  /** Has everything tried again that was held back. */
  forgetContests(): void {
    this.#contests.forget();
  }
}
