import type { OwnDirectories } from '../engine/session.ts';
import { type Trial, TrialFile, isOverdue, timeLeft } from '../engine/trial.ts';
import { ON_TRIAL_ALREADY } from '../engine/trial-keeper.ts';
import { goBack } from './go-back.ts';
import { CommandError, type CommandIo } from './io.ts';

/**
 * What an earlier trial has left: one that is overdue goes back first. The state directory is locked.
 *
 * @returns the trial, where it went back. @throws {CommandError} While one lasts.
 */
export async function earlierTrial(directories: OwnDirectories, io: CommandIo): Promise<Trial | undefined> {
  const trial = await new TrialFile(directories.stateDir).read();
  if (!trial || timeLeft(trial) === undefined) return trial;
  if (!isOverdue(trial)) throw new CommandError(ON_TRIAL_ALREADY);
  io.stderr(
    'lxcnet: manifests were on trial and not confirmed: first it goes back to what was in force before',
  );
  return goBack(trial, directories);
}

/**
 * Has other manifests take the place of what went back.
 *
 * @param revision Theirs. @throws {CommandError} Where they are the ones that were not confirmed.
 */
export async function replaceTrial(
  trial: Trial | undefined,
  revision: string,
  stateDir: string,
): Promise<void> {
  if (trial?.tried === revision)
    throw new CommandError(
      "these manifests were on trial and not confirmed: change them, or try them again with 'lxcnet apply --confirm 60s'",
    );
  if (trial) await new TrialFile(stateDir).remove();
}
