import { setTimeout as delay } from 'node:timers/promises';
import { verdictOf } from '../engine/conditions.ts';
import { SavedState } from '../engine/saved-state.ts';
import type { OwnDirectories } from '../engine/session.ts';
import { LockedError } from '../engine/state-lock.ts';
import { type Trial, TrialFile, ended, isOverdue, scanOfBefore, timeLeft } from '../engine/trial.ts';
import { ManifestSource } from '../source/snapshot.ts';
import type { CommandIo } from './io.ts';
import { withLock } from './one-shot.ts';
import { settle } from './settle.ts';

/** How often is looked whether a trial was confirmed. */
const LONGEST_WAIT = 200;
/** For what is not right at once. */
const TIMEOUT = 10_000;
const RETRY_AFTER_ERROR = 1_000;

/**
 * Waits until a trial has ended, and has it go back when it is overdue and no daemon does. Several may do this at a
 * time: one of them gets the lock.
 *
 * @returns whether it went back.
 */
export async function untilEnded(id: string, directories: OwnDirectories, io: CommandIo): Promise<boolean> {
  const file = new TrialFile(directories.stateDir);
  for (;;) {
    const trial = await file.read();
    if (trial?.id !== id) return false;
    const left = timeLeft(trial);
    if (left === undefined) return true;
    if (left > 0) await delay(Math.min(left, LONGEST_WAIT));
    else await goBackIfFree(id, directories, io);
  }
}

async function goBackIfFree(id: string, directories: OwnDirectories, io: CommandIo): Promise<void> {
  try {
    await withLock(directories.stateDir, io, async () => {
      const trial = await new TrialFile(directories.stateDir).read();
      // It may have been confirmed, or gone back, a moment ago.
      if (trial?.id === id && isOverdue(trial)) await goBack(trial, directories);
    });
  } catch (error) {
    // The daemon holds the lock, and does the same; or somebody is at it.
    if (error instanceof LockedError) return delay(LONGEST_WAIT);
    io.stderr(`lxcnet: it cannot go back yet: ${String(error)}`);
    await delay(RETRY_AFTER_ERROR);
  }
}

/** Makes the kernel as it was before the trial; the state directory is locked. @returns the trial, ended. */
export async function goBack(trial: Trial, directories: OwnDirectories): Promise<Trial> {
  const { manifests } = new ManifestSource().update(scanOfBefore(trial));
  await settle(directories, {
    desired: manifests,
    allowRemovals: true,
    isOpen: (manifest, pass) => verdictOf(manifest, pass, undefined).result === 'error',
    timeout: TIMEOUT,
  });
  await new SavedState(directories.stateDir).saveSources(trial.before);
  const over = ended(trial, trial.tried);
  await new TrialFile(directories.stateDir).write(over);
  return over;
}
