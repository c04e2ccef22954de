import type { Key } from '../api/key.ts';

/**
 * Knows what is drift: what is done to a resource that was ready, and whose manifest has not changed. It stays so while the
 * repair is refused, until it has succeeded.
 */
export class Corrections {
  readonly #isReady: (key: Key) => boolean;
  #refused: ReadonlySet<Key> = new Set();

  /** @param isReady Whether a resource was ready when it was last judged. */
  constructor(isReady: (key: Key) => boolean) {
    this.#isReady = isReady;
  }

  /**
   * Takes note of a pass before its resources are judged.
   *
   * @param changed Resources whose manifest has changed since the pass before.
   * @param failing Resources of which something was refused, now or when it was last tried.
   */
  passed(changed: ReadonlySet<Key>, failing: readonly Key[]): void {
    this.#refused = new Set(failing.filter((key) => this.isCorrection(key, changed)));
  }

  /** Whether what was done to a resource makes good what somebody has changed. */
  isCorrection(key: Key, changed: ReadonlySet<Key>): boolean {
    return !changed.has(key) && (this.#isReady(key) || this.#refused.has(key));
  }
}
