import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';

/** A removal has to have been stable for this long, so that a file written anew, renamed or split causes no gap. */
const STABLE_MILLISECONDS = 500;
/** More removals than this at once, if they are more than half of everything, wait for a confirmation. */
const LARGE_REMOVAL = 5;

/** What is in force: what the manifests say, and what was removed but may not go yet. */
export interface Gated {
  readonly manifests: ReadonlyMap<Key, Manifest>;
  /** When the next removal falls due (milliseconds, the gate's clock); `undefined` where none is pending. */
  readonly nextAt: number | undefined;
  /** Resources whose removal waits for a confirmation. */
  readonly held: readonly Key[];
}

/** Holds back removals until they are certain. */
export class RemovalGate {
  #current: ReadonlyMap<Key, Manifest> = new Map();
  readonly #missingSince = new Map<Key, number>();

  /**
   * Takes the newest manifests.
   *
   * @param now Milliseconds of a monotonic clock.
   * @param confirmed Whether a large removal was confirmed.
   */
  update(manifests: ReadonlyMap<Key, Manifest>, now: number, confirmed = false): Gated {
    const missing = [...this.#current.keys()].filter((key) => !manifests.has(key));
    for (const key of this.#missingSince.keys()) if (!missing.includes(key)) this.#missingSince.delete(key);
    for (const key of missing) this.#missingSince.set(key, this.#missingSince.get(key) ?? now);
    const large = missing.length > LARGE_REMOVAL && missing.length * 2 > this.#current.size;
    const held = large && !confirmed ? missing : [];
    const lingering = missing.filter(
      (key) => held.includes(key) || now - this.#missingSince.get(key)! < STABLE_MILLISECONDS,
    );
    const current = new Map(manifests);
    for (const key of lingering) current.set(key, this.#current.get(key)!);
    for (const key of missing) if (!current.has(key)) this.#missingSince.delete(key);
    const unchanged =
      current.size === this.#current.size &&
      [...current].every(([key, manifest]) => this.#current.get(key) === manifest);
    if (!unchanged) this.#current = current;
    const due = lingering
      .filter((key) => !held.includes(key))
      .map((key) => this.#missingSince.get(key)! + STABLE_MILLISECONDS);
    return { manifests: this.#current, nextAt: due.length > 0 ? Math.min(...due) : undefined, held };
  }
}
