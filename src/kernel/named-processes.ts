import { type ProcessIdentity, identityOf } from './process-identity.ts';

/** The processes that Links name by their ids, each remembered from when it was first seen: process ids are used again. */
export class NamedProcesses {
  /** When the process was started that an id stood for at first; also of one that has ended since. */
  readonly #starts = new Map<number, string>();

  /** What an id stands for; `another` where that is not the process of before, wherever the network namespace is. */
  find(pid: number): ProcessIdentity | 'another' | undefined {
    const found = identityOf(pid);
    if (!found) return undefined;
    const startedAt = this.#starts.get(pid) ?? found.startedAt;
    this.#starts.set(pid, startedAt);
    return found.startedAt === startedAt ? found : 'another';
  }

  /** Forgets all others. */
  keep(pids: ReadonlySet<number>): void {
    for (const pid of this.#starts.keys()) if (!pids.has(pid)) this.#starts.delete(pid);
  }
}
