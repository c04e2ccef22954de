import type { Clock } from './queue.ts';

/** How many passes kernel events may cause at once, and how many a second in the long run. */
const BURST = 20;
const PER_SECOND = 10;

/** Limits how often something is done: at once as long as it is rare, in even steps where it is not. */
export class Pace {
  readonly #clock: Clock;
  #tokens = BURST;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** Takes note that it was done. */
  spend(): void {
    this.#refill();
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }

  /** Milliseconds until it may be done again. */
  wait(): number {
    this.#refill();
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / PER_SECOND) * 1000;
  }

  #refill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#tokens + ((now - this.#at) / 1000) * PER_SECOND, BURST);
    this.#at = now;
  }
}
