import { Subject, type Subscription } from 'rxjs';
import { coalesceMap } from './coalesce.ts';
import { type Clock, KeyedQueue, type QueueHooks } from './queue.ts';

/** Has work done when items of the queue are due, one run at a time. */
export class WorkLoop<Item> {
  readonly queue: KeyedQueue<Item>;
  readonly #work: () => Promise<void>;
  readonly #wake$ = new Subject<void>();
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #running: Promise<void> = Promise.resolve();

  /** @param work What is done; it takes what it is about from the queue's memory, not from the items. Never throws. */
  constructor(clock: Clock, hooks: QueueHooks, work: () => Promise<void>) {
    this.queue = new KeyedQueue<Item>(clock, hooks);
    this.#work = work;
  }

  start(): void {
    const runs$ = this.#wake$.pipe(coalesceMap(() => (this.#running = this.#run())));
    this.#subscription = runs$.subscribe();
  }

  /** Begins no further run, and waits for the one that is under way. */
  async stop(): Promise<void> {
    this.#subscription?.unsubscribe();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Looks at the queue: works at once where something is due, and otherwise when it will be. */
  wake(): void {
    clearTimeout(this.#timer);
    const delay = this.queue.nextIn();
    if (delay === undefined) return;
    if (delay === 0) this.#wake$.next();
    else this.#timer = setTimeout(() => this.#wake$.next(), delay);
  }

  /** Resolves at the end of the next run that begins; asked for before it is woken, since that may be at once. */
  nextRun(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #run(): Promise<void> {
    if (this.queue.take().length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      try {
        await this.#work();
      } finally {
        this.queue.done();
        waiting.forEach((resolve) => resolve());
      }
    }
    this.wake();
  }
}
