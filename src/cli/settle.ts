import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest } from '../api/resource.ts';
import type { PassResult } from '../engine/pass.ts';
import type { OwnDirectories } from '../engine/session.ts';
import { type ManifestMap, withKernel } from './one-shot.ts';

/** Between two looks at what is not ready yet. Milliseconds. */
export const RETRY_DELAY = 500;

interface Wanted {
  readonly desired: ManifestMap;
  readonly allowRemovals: boolean;
  /** Whether another attempt could still make it ready. */
  readonly isOpen: (manifest: Manifest, pass: PassResult) => boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Makes the kernel as is wanted, until nothing is open any more. @returns the last pass. */
export function settle(directories: OwnDirectories, wanted: Wanted): Promise<PassResult> {
  const deadline = performance.now() + wanted.timeout;
  return withKernel(directories, async ({ reconciler }) => {
    for (;;) {
      const pass = await reconciler.pass(wanted.desired, wanted);
      const open = [...wanted.desired.values()].some((manifest) => wanted.isOpen(manifest, pass));
      if (!open || performance.now() + RETRY_DELAY > deadline) return pass;
      await delay(RETRY_DELAY);
    }
  });
}
