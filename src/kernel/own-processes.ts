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
  readonly #onCommit = new Map<number, () => void>();

  /** @param now Milliseconds of a monotonic clock. */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** Says that a process has begun. @returns what resolves when its transaction is in force, if that is told of. */
  began(pid: number): Promise<void> {
    this.#endedAt.set(pid, undefined);
    return new Promise((resolve) => this.#onCommit.set(pid, resolve));
  }

  /** Says that the kernel has told of a transaction. @returns whether it is one of ours. */
  committed(pid: number): boolean {
    if (!this.#has(pid)) return false;
    this.#onCommit.get(pid)?.();
    return true;
  }

  /** Says that all have ended that had begun. */
  ended(): void {
    const now = this.#now();
    this.#onCommit.clear();
    for (const [pid, endedAt] of this.#endedAt) {
      if (endedAt === undefined) this.#endedAt.set(pid, now);
      else if (now - endedAt > LONGEST_DELAY) this.#endedAt.delete(pid);
    }
  }

  /** Whether this is one of them, or was until a moment ago. */
  #has(pid: number): boolean {
    if (!this.#endedAt.has(pid)) return false;
    const endedAt = this.#endedAt.get(pid);
    return endedAt === undefined || this.#now() - endedAt <= LONGEST_DELAY;
  }
}
