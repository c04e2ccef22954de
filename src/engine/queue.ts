/** The clock that the engine lives by; milliseconds, monotonic. */
export interface Clock {
  now(): number;
}

export interface QueueHooks {
  readonly added?: () => void;
  readonly retried?: () => void;
  /** Seconds that an item waited. */
  readonly waited?: (seconds: number) => void;
  /** Seconds that work on an item took. */
  readonly worked?: (seconds: number) => void;
}

export type Priority = 0 | -10 | -100;

interface Entry {
  readonly priority: Priority;
  readonly readyAt: number;
  readonly addedAt: number;
}

const FIRST_BACKOFF = 500;
const LONGEST_BACKOFF = 60_000;

/**
 * The work queue: each item is in it at most once, an item added while it is worked on is worked on again afterwards,
 * and items may be added for later. It holds no payload: whoever takes an item looks at the world anew.
 */
export class KeyedQueue<Item> {
  readonly #clock: Clock;
  readonly #hooks: QueueHooks;
  readonly #entries = new Map<Item, Entry>();
  readonly #failures = new Map<Item, number>();
  #working: { readonly items: ReadonlySet<Item>; readonly since: number } | undefined;

  constructor(clock: Clock, hooks: QueueHooks = {}) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Adds an item; of two additions the earlier time and the higher priority count. */
  add(item: Item, priority: Priority, delay = 0): void {
    const now = this.#clock.now();
    const present = this.#entries.get(item);
    if (!present) this.#hooks.added?.();
    this.#entries.set(item, {
      priority: present && present.priority > priority ? present.priority : priority,
      readyAt: Math.min(present?.readyAt ?? Infinity, now + delay),
      addedAt: present?.addedAt ?? now,
    });
  }

  /** Adds an item that failed, later each time. @returns the delay in milliseconds. */
  retry(item: Item): number {
    const failures = this.#failures.get(item) ?? 0;
    this.#failures.set(item, failures + 1);
    const delay = Math.min(FIRST_BACKOFF * 2 ** failures, LONGEST_BACKOFF);
    this.#hooks.retried?.();
    this.add(item, -10, delay);
    return delay;
  }

  /** Forgets that an item failed. */
  forget(item: Item): void {
    this.#failures.delete(item);
  }

  /** Items that failed and whose next attempt is not due. */
  postponed(): Set<Item> {
    const now = this.#clock.now();
    return new Set(
      [...this.#failures.keys()].filter((item) => (this.#entries.get(item)?.readyAt ?? 0) > now),
    );
  }

  /** Milliseconds until an item is ready; `undefined` where none waits. */
  nextIn(): number | undefined {
    if (this.#entries.size === 0) return undefined;
    const soonest = Math.min(...[...this.#entries.values()].map(({ readyAt }) => readyAt));
    return Math.max(0, soonest - this.#clock.now());
  }

  /** Takes every ready item, the more urgent first, and begins to work on them. */
  take(): Item[] {
    const now = this.#clock.now();
    const ready = [...this.#entries].filter(([, { readyAt }]) => readyAt <= now);
    ready.sort(([, one], [, other]) => other.priority - one.priority || one.addedAt - other.addedAt);
    for (const [item, { addedAt }] of ready) {
      this.#entries.delete(item);
      this.#hooks.waited?.((now - addedAt) / 1000);
    }
    this.#working = { items: new Set(ready.map(([item]) => item)), since: now };
    return ready.map(([item]) => item);
  }

  /** The work on what was taken is over. */
  done(): void {
    if (!this.#working) return;
    const seconds = (this.#clock.now() - this.#working.since) / 1000;
    for (let count = this.#working.items.size; count > 0; count--) this.#hooks.worked?.(seconds);
    this.#working = undefined;
  }

  /** For metrics: how many items wait per priority, and for how many seconds work has been under way. */
  reading(): {
    readonly depth: ReadonlyMap<number, number>;
    readonly unfinishedSeconds: number;
    readonly longestRunningSeconds: number;
  } {
    const depth = new Map<number, number>();
    for (const { priority } of this.#entries.values()) depth.set(priority, (depth.get(priority) ?? 0) + 1);
    const running = this.#working ? (this.#clock.now() - this.#working.since) / 1000 : 0;
    return {
      depth,
      unfinishedSeconds: running * (this.#working?.items.size ?? 0),
      longestRunningSeconds: running,
    };
  }
}
