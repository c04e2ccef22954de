import { removeTables } from '../engine/remove-tables.ts';
import { SavedState } from '../engine/saved-state.ts';
import { LockedError } from '../engine/state-lock.ts';
import { TrialFile } from '../engine/trial.ts';
import { CommandError, type CommandIo } from './io.ts';
import { withKernel, withLock } from './one-shot.ts';

export interface TeardownOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/**
 * Removes everything that lxcnet owns in the kernel, and nothing else.
 *
 * @returns 0, or 1 where something remains. @throws {CommandError} While the daemon runs.
 */
export async function teardown(options: TeardownOptions, io: CommandIo): Promise<number> {
  try {
    return await withLock(options.stateDir, io, () => removeAll(options, io));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new CommandError(`${error.message}; stop it first, it would make everything again`);
  }
}

async function removeAll(options: TeardownOptions, io: CommandIo): Promise<number> {
  return withKernel(options, async ({ reconciler, nft, features }) => {
    // Nothing is wanted, so everything in the inventory goes, and what carries the mark without being in it.
    const result = await reconciler.pass(new Map(), { allowRemovals: true, pruneOrphans: true });
    const error = await removeTables(nft, features.layout);
    for (const { operation, message } of result.failures.values())
      io.stderr(`${operation.object}: ${message}`);
    if (error !== undefined) io.stderr(`tables: ${error}`);
    const removed = result.done.filter(({ verb }) => verb === 'delete').length;
    io.stdout(`${removed} ${removed === 1 ? 'object' : 'objects'} removed`);
    const complete = result.failures.size === 0 && error === undefined;
    // A daemon that starts with an empty directory keeps what was in force: that is nothing now.
    if (complete) {
      await new SavedState(options.stateDir).saveSources({});
      await new TrialFile(options.stateDir).remove();
    }
    return complete ? 0 : 1;
  });
}
