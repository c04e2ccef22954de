import type { Manifest } from '../api/resource.ts';
import type { ConditionDraft } from '../api/status.ts';
import { verdictOf } from '../engine/conditions.ts';
import { type PassResult, writesOf } from '../engine/reconciler.ts';
import { SavedState } from '../engine/saved-state.ts';
import { LockedError } from '../engine/state-lock.ts';
import { RETRY_DELAY, report } from './apply-report.ts';
import { applyByDaemon } from './apply-by-daemon.ts';
import type { CommandIo } from './io.ts';
import { type ReadManifests, readManifests, withKernel, withLock } from './one-shot.ts';

export interface ApplyOptions {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Makes the kernel as the manifests say, once; a daemon that keeps it so already is asked to.
 *
 * @returns 0 where every resource is Ready, 1 otherwise.
 */
export async function apply(options: ApplyOptions, io: CommandIo): Promise<number> {
  try {
    return await withLock(options.stateDir, io, () => applyAlone(options, io));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    return applyByDaemon(options, error, io);
  }
}

async function applyAlone(options: ApplyOptions, io: CommandIo): Promise<number> {
  const read = await readManifests(options.manifests, options.stateDir, io);
  const deadline = performance.now() + options.timeout;
  const result = await withKernel(options.stateDir, async ({ reconciler }) => {
    for (;;) {
      const allowRemovals = read.snapshot.removalsHeld === undefined;
      const pass = await reconciler.pass(read.desired, { allowRemovals });
      const open = [...read.desired.values()].some((manifest) => isOpen(manifest, pass, read));
      if (!open || performance.now() + RETRY_DELAY > deadline) return pass;
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  });
  await new SavedState(options.stateDir)
    .saveSources(read.texts)
    .catch((error: unknown) => io.stderr(`lxcnet: what is in force now cannot be saved: ${String(error)}`));
  const conditionsOf = (manifest: Manifest): readonly ConditionDraft[] =>
    verdict(manifest, result, read).conditions;
  return report(options.manifests, read, conditionsOf, writesOf(result), io);
}

function verdict(manifest: Manifest, pass: PassResult, { snapshot }: ReadManifests) {
  return verdictOf(manifest, pass, snapshot.invalidKeys.get(manifest.key));
}

/** Whether another attempt could still make it ready. */
function isOpen(manifest: Manifest, pass: PassResult, read: ReadManifests): boolean {
  if (manifest.resource.kind === 'Namespace') return false;
  const { result } = verdict(manifest, pass, read);
  return result === 'error' || result === 'blocked';
}
