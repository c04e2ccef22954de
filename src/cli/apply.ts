import { join } from 'node:path';
import { displayKey } from '../api/key.ts';
import { verdictOf } from '../engine/conditions.ts';
import { SavedState } from '../engine/saved-state.ts';
import { splitRetained } from '../engine/retained.ts';
import { RemovalGate } from '../engine/removal-gate.ts';
import { type PassResult, writesOf } from '../engine/reconciler.ts';
import type { CommandIo } from './io.ts';
import { type ManifestMap, readManifests, withKernel } from './one-shot.ts';
import { printable } from './printable.ts';
import type { Snapshot } from '../source/snapshot.ts';

export interface ApplyOptions {
  readonly manifests: string;
  readonly stateDir: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const RETRY_DELAY = 500;

/** Makes the kernel as the manifests say, once. @returns 0 where every resource is Ready, 1 otherwise. */
export async function apply(options: ApplyOptions, io: CommandIo): Promise<number> {
  const snapshot = await readManifests(options.manifests, io);
  // What the daemon keeps without a manifest stays here too.
  const { retained } = splitRetained((await new SavedState(options.stateDir).load()).sources);
  const before = new Map(retained.map((manifest) => [manifest.key, manifest]));
  const deadline = performance.now() + options.timeout;
  return withKernel(options.stateDir, async ({ reconciler }) => {
    const { manifests } = new RemovalGate(before).update(snapshot.manifests, performance.now());
    for (;;) {
      const result = await reconciler.pass(manifests, { allowRemovals: snapshot.removalsHeld === undefined });
      const open = [...manifests.values()].some((manifest) => isOpen(manifest, result, snapshot));
      if (!open || performance.now() + RETRY_DELAY > deadline) return report(manifests, result, snapshot, io);
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  });
}

type AnyManifest = Parameters<typeof verdictOf>[0];

/** Whether another attempt could still make it ready. */
function isOpen(manifest: AnyManifest, result: PassResult, snapshot: Snapshot): boolean {
  if (manifest.resource.kind === 'Namespace') return false;
  const { result: word } = verdictOf(manifest, result, snapshot.invalidKeys.get(manifest.key));
  return word === 'error' || word === 'blocked';
}

function report(manifests: ManifestMap, result: PassResult, snapshot: Snapshot, io: CommandIo): number {
  let ready = 0;
  let total = 0;
  for (const manifest of manifests.values()) {
    if (manifest.resource.kind === 'Namespace') continue;
    total++;
    const { conditions } = verdictOf(manifest, result, snapshot.invalidKeys.get(manifest.key));
    const condition = conditions.find(({ type }) => type === 'Ready')!;
    if (condition.status === 'True') ready++;
    else {
      const { file, line, column } = manifest.origin;
      io.stderr(
        printable(
          `${join(file)}:${line}:${column}: ${displayKey(manifest.key)}: ${condition.reason}: ${condition.message}`,
        ),
      );
    }
  }
  io.stdout(`${ready} of ${total} resources ready, ${writesOf(result)} changes`);
  return ready === total && snapshot.errors.length === 0 ? 0 : 1;
}
