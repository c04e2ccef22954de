/** Events of a transaction come while it is carried out, or a moment later. Milliseconds. */
const LONGEST_DELAY = 5_000;

/**
 * The numbers of our own processes, by which their events are told from those of others. The kernel gives a number to
 * another process later, so it is forgotten a moment after the process has ended.
 */
export class OwnProcesses {
  readonly #now: () => number;
  /** When each ended; `undefined` while it runs. */
  readonly #endedAt = new Map<number, number | undefined>();

  /** @param now Milliseconds of a monotonic clock. */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** Says that a process has begun. */
  began(pid: number): void {
    this.#endedAt.set(pid, undefined);
  }

  /** Says that all have ended that had begun. */
  ended(): void {
    const now = this.#now();
    for (const [pid, endedAt] of this.#endedAt) {
      if (endedAt === undefined) this.#endedAt.set(pid, now);
      else if (now - endedAt > LONGEST_DELAY) this.#endedAt.delete(pid);
    }
  }

  /** Whether this is one of them, or was until a moment ago. */
  has(pid: number): boolean {
    if (!this.#endedAt.has(pid)) return false;
    const endedAt = this.#endedAt.get(pid);
    return endedAt === undefined || this.#now() - endedAt <= LONGEST_DELAY;
  }
}
