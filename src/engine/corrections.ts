import type { Key } from '../api/key.ts';

/**
 * Knows what is drift: what is done to a resource that was ready, and whose manifest has not changed. It stays so while the
 * repair is refused, until it has succeeded.
 */
export class Corrections {
  readonly #isReady: (key: Key) => boolean;
  readonly #refused = new Set<Key>();

  /** @param isReady Whether a resource was ready when it was last judged. */
  constructor(isReady: (key: Key) => boolean) {
    this.#isReady = isReady;
  }

  /**
   * Takes note of a pass before its resources are judged.
   *
   * @param changed Resources whose manifest has changed since the pass before.
   * @param failed Resources of which something was refused.
   */
  passed(changed: ReadonlySet<Key>, failed: Iterable<Key>): void {
    for (const key of this.#refused) if (changed.has(key) || this.#isReady(key)) this.#refused.delete(key);
    for (const key of failed) if (!changed.has(key) && this.#isReady(key)) this.#refused.add(key);
  }

  /** Whether what was done to a resource makes good what somebody has changed. */
  isCorrection(key: Key, changed: ReadonlySet<Key>): boolean {
    return !changed.has(key) && (this.#isReady(key) || this.#refused.has(key));
  }
}
