import type { CommandIo } from './io.ts';
import { withKernel } from './one-shot.ts';
import { removeTables } from '../engine/remove-tables.ts';

export interface TeardownOptions {
  readonly stateDir: string;
}

/** Removes everything that lxcnet owns in the kernel, and nothing else. @returns 0, or 1 where something remains. */
export async function teardown(options: TeardownOptions, io: CommandIo): Promise<number> {
  return withKernel(options.stateDir, async ({ reconciler, nft, features }) => {
    // Nothing is wanted, so everything in the inventory goes, and what carries the mark without being in it.
    const result = await reconciler.pass(new Map(), { allowRemovals: true, pruneOrphans: true });
    const error = await removeTables(nft, features.layout);
    for (const { operation, message } of result.failures.values())
      io.stderr(`${operation.object}: ${message}`);
    if (error !== undefined) io.stderr(`tables: ${error}`);
    const removed = result.done.filter(({ verb }) => verb === 'delete').length;
    io.stdout(`${removed} ${removed === 1 ? 'object' : 'objects'} removed`);
    return result.failures.size > 0 || error !== undefined ? 1 : 0;
  });
}
