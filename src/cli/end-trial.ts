import { join } from 'node:path';
import { LockedError } from '../engine/state-lock.ts';
import { TrialFile, lasting, timeLeft } from '../engine/trial.ts';
import { NOTHING_ON_TRIAL } from '../engine/trial-keeper.ts';
import { createClient } from './client.ts';
import { DaemonUnavailable } from './http.ts';
import { CommandError, type CommandIo } from './io.ts';
import { withLock } from './one-shot.ts';

export interface EndOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/**
 * Keeps what is on trial, or makes it overdue. Who holds the state directory decides, so that it is never confirmed while
 * it goes back: this process, or the daemon.
 *
 * @throws {CommandError} Where nothing is on trial any more.
 */
export async function endTrial(keep: boolean, options: EndOptions, io: CommandIo): Promise<void> {
  try {
    await withLock(options.stateDir, io, () => endAlone(keep, options.stateDir));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    await createClient(join(options.runtimeDir, 'lxcnet.sock'))
      .endTrial(keep)
      .catch((refusal: unknown) => {
        throw refusal instanceof DaemonUnavailable
          ? new CommandError(`${error.message}; try again when it is over`)
          : refusal;
      });
  }
}

async function endAlone(keep: boolean, stateDir: string): Promise<void> {
  const file = new TrialFile(stateDir);
  const trial = await file.read();
  if (!trial || !timeLeft(trial)) throw new CommandError(NOTHING_ON_TRIAL);
  await (keep ? file.remove() : file.write(lasting(trial, 0)));
}
