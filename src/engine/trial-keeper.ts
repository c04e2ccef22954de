import type { Scan } from '../source/scan.ts';
import type { Logger } from '../telemetry/log.ts';
import type { EventLog } from './event-log.ts';
import type { TrialActions, TrialBegun } from './ports.ts';
import {
  type Trial,
  TrialFile,
  ended,
  countsNoMore,
  isOverdue,
  lasting,
  newTrial,
  scanOfBefore,
  timeLeft,
} from './trial.ts';

interface KeeperParts {
  readonly stateDir: string;
  /** The texts of what is in force; `undefined` before the first pass. */
  readonly inForce: () => Readonly<Record<string, string>> | undefined;
  readonly events: EventLog;
  readonly logger: Logger;
}

/** The daemon's side of a trial: whatever the directory says is on trial while one lasts, and counts no more after it. */
export class TrialKeeper implements TrialActions {
  readonly #parts: KeeperParts;
  readonly #file: TrialFile;
  #trial: Trial | undefined;
  /** Digest of the manifests that were read last. */
  #seen = '';
  #saved: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #rescan: () => void = () => undefined;

  private constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#file = new TrialFile(parts.stateDir);
  }

  /** Takes up a trial that another process has begun, or this one before it crashed. */
  static async load(parts: KeeperParts): Promise<TrialKeeper> {
    const keeper = new TrialKeeper(parts);
    keeper.#trial = await keeper.#file.read();
    return keeper;
  }

  /** @param rescan Has the manifests read again: called when a trial begins, is over, or has ended. */
  start(rescan: () => void): void {
    this.#rescan = rescan;
    this.#setTimer();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Takes a look at the directory. @returns what counts. */
  async take(scan: Scan): Promise<Scan> {
    if (scan.state === 'read') this.#seen = scan.digest;
    const trial = this.#trial;
    if (!trial) return scan;
    if (isOverdue(trial)) {
      // Of a directory that cannot be read now it is not known yet what is not to be taken up again.
      if (scan.state === 'read') await this.#end(ended(trial, scan.digest));
      return scanOfBefore(trial);
    }
    if (scan.state === 'unreadable') return scan;
    if (countsNoMore(trial, scan)) return scanOfBefore(trial);
    if (trial.endedAt !== undefined) await this.#set(undefined);
    else if (trial.tried !== scan.digest) await this.#set({ ...trial, tried: scan.digest });
    this.#setTimer();
    return scan;
  }

  async begin(milliseconds: number): Promise<TrialBegun> {
    const before = this.#parts.inForce();
    if (before === undefined) return { refusal: 'the first pass is not over; try again in a moment' };
    if (this.#trial && timeLeft(this.#trial) !== undefined) return { refusal: ON_TRIAL_ALREADY };
    const trial = await newTrial(before, this.#seen, milliseconds);
    await this.#setOnDisk(trial);
    this.#tell('Normal', 'TrialBegun', 'what is edited from now on goes back unless it is confirmed');
    this.#rescan();
    return { id: trial.id };
  }

  async end(keep: boolean): Promise<string | undefined> {
    const trial = this.#trial;
    if (!trial || trial.endedAt !== undefined || isOverdue(trial)) return NOTHING_ON_TRIAL;
    await (keep ? this.#setOnDisk(undefined) : this.#set(lasting(trial, 0)));
    if (keep) this.#tell('Normal', 'TrialConfirmed', 'the manifests that were on trial stay in force');
    this.#rescan();
    return undefined;
  }

  async #end(trial: Trial): Promise<void> {
    this.#tell('Warning', 'TrialNotConfirmed', NOT_CONFIRMED);
    await this.#set(trial);
  }

  /** What the disk refuses counts all the same. */
  async #set(trial: Trial | undefined): Promise<void> {
    await this.#setOnDisk(trial, trial).catch((error: unknown) =>
      this.#parts.logger.error('the trial could not be saved', { error }),
    );
  }

  /** For what has to outlive a crash. @param otherwise What counts where the disk refuses. @throws {Error} From the disk. */
  async #setOnDisk(trial: Trial | undefined, otherwise = this.#trial): Promise<void> {
    this.#trial = trial;
    // One after the other, and always what counts by then.
    const saved = this.#saved.then(() => (this.#trial ? this.#file.write(this.#trial) : this.#file.remove()));
    this.#saved = saved.catch(() => undefined);
    try {
      await saved;
    } catch (error) {
      this.#trial = otherwise;
      throw error;
    } finally {
      this.#setTimer();
    }
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#parts.events.record({ type, reason, message });
    this.#parts.logger[type === 'Warning' ? 'warn' : 'info'](message);
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const left = this.#trial && timeLeft(this.#trial);
    if (left !== undefined) this.#timer = setTimeout(() => this.#rescan(), left);
  }
}

/** For who asks for another. */
export const ON_TRIAL_ALREADY =
  "manifests are on trial: keep them with 'lxcnet apply --confirmed', or wait until they have gone back";
/** For who confirms, or does not, what is not there. */
export const NOTHING_ON_TRIAL = 'nothing is on trial: it was confirmed, or has gone back, before';
const NOT_CONFIRMED =
  "the manifests were not confirmed in time: what was in force before is back, and stays until they change, or are tried again with 'lxcnet apply --confirm DURATION'";
