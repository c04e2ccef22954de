import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { OwnDirectories } from '../engine/session.ts';
import { untilEnded } from './go-back.ts';
import { CommandError } from './io.ts';

const SILENT = { stdout: () => undefined, stderr: () => undefined };
const READY = 'watches';

/**
 * Starts a process of its own that has a trial go back in time, whatever becomes of this one and of its terminal.
 *
 * @throws {CommandError} Where it does not start.
 */
export async function startGuard(id: string, { stateDir, runtimeDir }: OwnDirectories): Promise<void> {
  const directories = ['--state-dir', resolve(stateDir), '--runtime-dir', resolve(runtimeDir)];
  const args = [process.argv[1]!, 'trial-guard', id, ...directories];
  // A session of its own: a terminal that goes away ends only what belongs to it.
  const guard = spawn(process.execPath, args, {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const answer: Promise<unknown[]> = Promise.race([once(guard, 'message'), once(guard, 'exit')]);
  const [word] = await answer.catch(() => []);
  if (word !== READY)
    throw new CommandError('the process that would have it go back cannot be started: nothing was changed');
  guard.disconnect();
  guard.unref();
}

/** What that process does. */
export async function guardTrial(id: string, directories: OwnDirectories): Promise<number> {
  process.send?.(READY);
  await untilEnded(id, directories, SILENT);
  return 0;
}
