import { differenceLines } from './difference-text.ts';
import type { CommandIo } from './io.ts';
import { readManifests, withKernel } from './one-shot.ts';

export interface DiffOptions {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** Prints what would change in the kernel; changes nothing. @returns 0 for none, 1 for differences. */
export async function diff(options: DiffOptions, io: CommandIo): Promise<number> {
  const { snapshot, desired } = await readManifests(options.manifests, options.stateDir, io);
  return withKernel(options, async ({ reconciler }) => {
    const { plan } = await reconciler.preview(desired, snapshot.removalsHeld === undefined);
    const lines = differenceLines(plan);
    lines.forEach((line) => io.stdout(line));
    for (const [, { obstacle }] of plan.plans)
      if (obstacle) io.stderr(`${obstacle.reason}: ${obstacle.message}`);
    if (snapshot.errors.length > 0) return 2;
    return lines.length === 0 ? 0 : 1;
  });
}
