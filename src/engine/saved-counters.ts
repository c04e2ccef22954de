import { join } from 'node:path';
import { z } from 'zod';
import { bootId } from '../kernel/boot.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { readState, writeState } from './state-file.ts';

const numbers = z.record(z.string(), z.number().nonnegative());
const schema = z.object({ boot: z.string(), sources: numbers, series: numbers });

/** The counters that outlive the daemon, in its state directory. */
export class SavedCounters {
  readonly #path: string;
  readonly #metrics: Pick<Metrics, 'savedCounters' | 'restoreCounters'>;
  #written = '';

  constructor(stateDir: string, metrics: Pick<Metrics, 'savedCounters' | 'restoreCounters'>) {
    this.#path = join(stateDir, 'counters.json');
    this.#metrics = metrics;
  }

  /** Takes back what was saved; a file that cannot be read counts as none. */
  async restore(): Promise<void> {
    const saved = schema.safeParse(await readState(this.#path));
    if (saved.success) this.#metrics.restoreCounters(saved.data, saved.data.boot === (await bootId()));
  }

  /** Saves what has changed. @throws {Error} From the disk. */
  async save(): Promise<void> {
    const counters = { boot: await bootId(), ...this.#metrics.savedCounters() };
    const text = JSON.stringify(counters);
    if (text !== this.#written) await writeState(this.#path, counters);
    this.#written = text;
  }
}
