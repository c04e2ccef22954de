import type { Key } from '../api/key.ts';
import { ANNOTATIONS } from '../api/group.ts';
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
  /** What stays without a manifest, since it was annotated `lxcnet.dev/prune: disabled`. */
  readonly retained: readonly Manifest[];
}

/** Holds back removals until they are certain. */
export class RemovalGate {
  #current: ReadonlyMap<Key, Manifest>;
  #last: { readonly input: ReadonlyMap<Key, Manifest>; readonly gated: Gated } | undefined;
  readonly #missingSince = new Map<Key, number>();
  /** Removals that were confirmed, also those that have not been stable for long enough yet. */
  readonly #confirmed = new Set<Key>();

  /** @param before What was in force when the program last ran. */
  constructor(before: ReadonlyMap<Key, Manifest> = new Map()) {
    this.#current = before;
  }

  /**
   * Takes the newest manifests.
   *
   * @param now Milliseconds of a monotonic clock.
   * @param confirmed Whether a large removal was confirmed.
   */
  update(manifests: ReadonlyMap<Key, Manifest>, now: number, confirmed = false): Gated {
    // With nothing missing, time changes nothing.
    if (this.#last?.input === manifests && this.#missingSince.size === 0) return this.#last.gated;
    const gated = this.#gate(manifests, now, confirmed);
    this.#last = { input: manifests, gated };
    return gated;
  }

  #gate(manifests: ReadonlyMap<Key, Manifest>, now: number, confirmed: boolean): Gated {
    const absent = [...this.#current.keys()].filter((key) => !manifests.has(key));
    const retained = absent.filter((key) => isRetained(this.#current.get(key)!));
    const missing = absent.filter((key) => !retained.includes(key));
    for (const key of this.#missingSince.keys()) if (!missing.includes(key)) this.#missingSince.delete(key);
    for (const key of missing) this.#missingSince.set(key, this.#missingSince.get(key) ?? now);
    if (confirmed) missing.forEach((key) => this.#confirmed.add(key));
    for (const key of this.#confirmed) if (!missing.includes(key)) this.#confirmed.delete(key);
    const open = missing.filter((key) => !this.#confirmed.has(key));
    const large = open.length > LARGE_REMOVAL && open.length * 2 > this.#current.size;
    const held = large ? open : [];
    const lingering = missing.filter(
      (key) => held.includes(key) || now - this.#missingSince.get(key)! < STABLE_MILLISECONDS,
    );
    const current = new Map(manifests);
    for (const key of [...lingering, ...retained]) current.set(key, this.#current.get(key)!);
    for (const key of missing) if (!current.has(key)) this.#missingSince.delete(key);
    const unchanged =
      current.size === this.#current.size &&
      [...current].every(([key, manifest]) => this.#current.get(key) === manifest);
    if (!unchanged) this.#current = current;
    const due = lingering
      .filter((key) => !held.includes(key))
      .map((key) => this.#missingSince.get(key)! + STABLE_MILLISECONDS);
    return {
      manifests: this.#current,
      nextAt: due.length > 0 ? Math.min(...due) : undefined,
      held,
      retained: retained.map((key) => this.#current.get(key)!),
    };
  }
}

/** Whether a resource stays when its manifest goes, on its own request. */
export function isRetained({ resource }: Manifest): boolean {
  return resource.metadata.annotations[ANNOTATIONS.prune] === 'disabled';
}
