import type { KernelEvent } from '../kernel/monitor.ts';

/** Of more than these it is only said that there were more. */
const MOST_NAMED = 3;

/** Remembers which processes have changed our tables since the last pass, as far as the kernel tells. */
export class ForeignWriters {
  #seen = new Set<string>();

  /** Takes note of an event that no transaction of ours caused. */
  note(event: KernelEvent): void {
    if (event.part !== 'netfilter' || this.#seen.size > MOST_NAMED) return;
    // A process chooses its own name.
    const name = /^[\w.:+-]{1,15}$/.test(event.name) ? ` (${event.name})` : '';
    this.#seen.add(`process ${event.process}${name}`);
  }

  /** @returns who it was since the last call, in words; `undefined` where that is not known. */
  take(): string | undefined {
    const seen = [...this.#seen];
    this.#seen = new Set();
    if (seen.length === 0) return undefined;
    return seen.length > MOST_NAMED ? `${seen.slice(0, MOST_NAMED).join(', ')} and others` : seen.join(', ');
  }
}
