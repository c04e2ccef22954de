import type { Manifest } from '../api/resource.ts';
import type { ConditionDraft } from '../api/status.ts';
import { verdictOf } from '../engine/conditions.ts';
import { type PassResult, writesOf } from '../engine/pass.ts';
import { SavedState } from '../engine/saved-state.ts';
import { LockedError } from '../engine/state-lock.ts';
import { applyByDaemon } from './apply-by-daemon.ts';
import { report } from './apply-report.ts';
import { earlierTrial, replaceTrial } from './earlier-trial.ts';
import type { CommandIo } from './io.ts';
import { type ReadManifests, readManifests, withLock } from './one-shot.ts';
import { settle } from './settle.ts';

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
    return await withLock(options.stateDir, io, async () => {
      const earlier = await earlierTrial(options, io);
      const read = await readManifests(options.manifests, options.stateDir, io);
      await replaceTrial(earlier, read.snapshot.revision, options.stateDir);
      return applyAlone(options, read, io);
    });
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    return applyByDaemon(options, error, io);
  }
}

/** Makes the kernel as was read; the state directory is locked. @returns the exit status. */
export async function applyAlone(options: ApplyOptions, read: ReadManifests, io: CommandIo): Promise<number> {
  const pass = await settle(options, {
    desired: read.desired,
    allowRemovals: read.snapshot.removalsHeld === undefined,
    isOpen: (manifest, result) => isOpen(manifest, result, read),
    timeout: options.timeout,
  });
  await new SavedState(options.stateDir)
    .saveSources(read.texts)
    .catch((error: unknown) => io.stderr(`lxcnet: what is in force now cannot be saved: ${String(error)}`));
  const conditionsOf = (manifest: Manifest): readonly ConditionDraft[] =>
    verdict(manifest, pass, read).conditions;
  return report(options.manifests, read, conditionsOf, writesOf(pass), io);
}

function verdict(manifest: Manifest, pass: PassResult, { snapshot }: ReadManifests) {
  return verdictOf(manifest, pass, snapshot.invalidKeys.get(manifest.key));
}

function isOpen(manifest: Manifest, pass: PassResult, read: ReadManifests): boolean {
  if (manifest.resource.kind === 'Namespace') return false;
  if (pass.unfinished.has(manifest.key)) return true;
  const { result } = verdict(manifest, pass, read);
  return result === 'error' || result === 'blocked';
}
