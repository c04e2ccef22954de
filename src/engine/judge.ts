import type { Key, Kind } from '../api/key.ts';
import { ANNOTATIONS } from '../api/group.ts';
import type { Manifest } from '../api/resource.ts';
import { sameThings } from '../netfilter/memo.ts';
import type { FieldError } from '../source/field-error.ts';
import type { ReconcileResult } from '../telemetry/engine-metrics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { verdictOf } from './conditions.ts';
import type { Contests } from './contests.ts';
import type { PruneBlocked } from './desired-state.ts';
import type { ObjectStore } from './object-store.ts';
import type { PassResult } from './pass.ts';

interface JudgeParts {
  readonly objects: ObjectStore;
  readonly metrics: Metrics;
  readonly contests: Contests;
  readonly queue: { forget(key: Key): void; retry(key: Key): void };
  readonly errorsOf: (key: Key) => readonly FieldError[] | undefined;
  readonly pruneBlockedOf: (key: Key) => PruneBlocked | undefined;
}

/** Says of each resource how it is after a pass, and whether it is tried again by itself. */
export class Judge {
  readonly #parts: JudgeParts;
  /** What the good verdict about a resource followed from: from the same it would follow again. */
  readonly #settled = new Map<Key, readonly unknown[]>();

  constructor(parts: JudgeParts) {
    this.#parts = parts;
  }

  /** @param postponed Resources whose next attempt is not due: they stay as they are, like those that are not finished. */
  judge(manifests: Iterable<Manifest>, result: PassResult, postponed: ReadonlySet<Key>): void {
    const successes = new Map<Kind, number>();
    for (const manifest of manifests) {
      const { kind } = manifest.resource;
      if (kind === 'Namespace' || postponed.has(manifest.key) || result.unfinished.has(manifest.key))
        continue;
      const verdict = this.#judgeOne(manifest, result);
      if (verdict === 'success') successes.set(kind, (successes.get(kind) ?? 0) + 1);
      else this.#parts.metrics.reconciled(kind, verdict);
    }
    for (const [kind, count] of successes) this.#parts.metrics.reconciled(kind, 'success', count);
  }

  #judgeOne(manifest: Manifest, result: PassResult): ReconcileResult {
    const { key, resource } = manifest;
    const { objects, contests, queue, errorsOf, pruneBlockedOf } = this.#parts;
    const { plans, notes, foreignDrops } = result.plan;
    const errors = errorsOf(key);
    const contested = contests.of(key);
    const pruneBlocked = pruneBlockedOf(key);
    const basis = [
      manifest,
      plans.get(key),
      notes.get(key),
      foreignDrops.get(key),
      errors,
      result.failures.get(key),
      result.refusals.get(key),
      result.netfilterError,
      pruneBlocked,
    ];
    if (contested.length === 0 && sameThings(basis, this.#settled.get(key) ?? [])) {
      queue.forget(key);
      return 'success';
    }
    const verdict = verdictOf(manifest, result, errors, contested, pruneBlocked);
    if (verdict.result === 'success' && contested.length === 0) this.#settled.set(key, basis);
    else this.#settled.delete(key);
    const token = resource.metadata.annotations[ANNOTATIONS.reconcileRequestedAt];
    objects.setConditions(
      key,
      verdict.conditions,
      token === undefined ? {} : { lastHandledReconcileAt: token },
    );
    // What was refused is tried again whatever else there is to say.
    if (verdict.retry || result.refusals.has(key)) queue.retry(key);
    else queue.forget(key);
    return verdict.result;
  }

  /** Says of every resource that nobody knows how it is: what was seen last may be long over. */
  unknown(manifests: Iterable<Manifest>, message: string): void {
    const { objects, metrics } = this.#parts;
    for (const { key, resource } of manifests) {
      if (resource.kind === 'Namespace') continue;
      objects.setConditions(key, [{ type: 'Ready', status: 'Unknown', reason: 'NotObserved', message }]);
      this.forget(key);
    }
    metrics.observeObjects(objects.list());
  }

  /** Judges a resource anew the next time. */
  forget(key: Key): void {
    this.#settled.delete(key);
  }
}
