import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bootId } from '../kernel/boot.ts';
import type { Scan } from '../source/scan.ts';
import { readState, writeState } from './state-file.ts';

const trialSchema = z.object({
  id: z.string(),
  boot: z.string(),
  /** Milliseconds since the boot: a clock that is set must not lengthen it. */
  deadline: z.number(),
  /** The texts of what was in force before, as they are saved. */
  before: z.record(z.string(), z.string()),
  /** Digest of the newest manifests that were in force on trial. */
  tried: z.string(),
  /** RFC 3339: when it went back; absent while it is on trial. */
  endedAt: z.string().optional(),
});

/**
 * Manifests on trial: in force, but unless they are confirmed in time, what was in force before comes back. After that
 * the trial stays on record, so that the same manifests are not taken up again before they change.
 */
export type Trial = z.output<typeof trialSchema>;

/** The longest trial. Milliseconds. */
export const LONGEST_TRIAL = 24 * 3_600_000;

/** Milliseconds since the boot. */
const now = (): number => uptime() * 1000;

/** A trial that begins now. @param milliseconds How long it lasts. */
export async function newTrial(
  before: Readonly<Record<string, string>>,
  tried: string,
  milliseconds: number,
): Promise<Trial> {
  const common = { before, tried, boot: await bootId() };
  return { id: randomUUID(), deadline: now() + milliseconds, ...common };
}

/** The same trial, of which so many milliseconds are left. */
export function lasting(trial: Trial, milliseconds: number): Trial {
  return { ...trial, deadline: now() + milliseconds };
}

/** Milliseconds until it goes back; `undefined` where it has already. */
export function timeLeft({ deadline, endedAt }: Trial): number | undefined {
  return endedAt === undefined ? Math.max(0, deadline - now()) : undefined;
}

/** Whether it was not confirmed in time, and has to go back. */
export function isOverdue(trial: Trial): boolean {
  return timeLeft(trial) === 0;
}

/** The same trial after it went back from these manifests. */
export function ended(trial: Trial, tried: string): Trial {
  return { ...trial, tried, endedAt: new Date().toISOString() };
}

/** Whether what was in force before counts instead of these manifests: they were not confirmed in time. */
export function countsNoMore(trial: Trial, scan: Scan): boolean {
  return (
    isOverdue(trial) || (trial.endedAt !== undefined && scan.state === 'read' && scan.digest === trial.tried)
  );
}

/** What counts instead of the directory then. */
export function scanOfBefore({ before }: Trial): Scan {
  const files = new Map(Object.entries(before).map(([path, text]) => [path, { text }]));
  const digest = `sha256:${createHash('sha256').update(JSON.stringify(before)).digest('hex')}`;
  return { state: 'read', root: '', files, digest, goneBack: true };
}

/** The trial in a state directory; it outlives who began it. */
export class TrialFile {
  readonly #path: string;

  constructor(stateDir: string) {
    this.#path = join(stateDir, 'trial.json');
  }

  /** @returns `undefined` where there is none. What was on trial at another boot goes back at once. */
  async read(): Promise<Trial | undefined> {
    const trial = trialSchema.safeParse(await readState(this.#path)).data;
    return trial && trial.boot !== (await bootId()) ? { ...trial, deadline: 0 } : trial;
  }

  /** @throws {Error} From the disk. */
  async write(trial: Trial): Promise<void> {
    await writeState(this.#path, trial);
  }

  /** @throws {Error} From the disk. */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
