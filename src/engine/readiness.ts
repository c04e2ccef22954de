import type { DesiredState } from './desired-state.ts';
import type { KernelMonitors } from './monitors.ts';

/** What has to be so before the daemon is ready: each tells why it is not, `undefined` where it is. */
export interface Readiness {
  readonly source: () => string | undefined;
  readonly pass: () => string | undefined;
  readonly monitors: () => string | undefined;
}

/** @param passed Whether a first pass is over. */
export function readinessOf(
  desired: Pick<DesiredState, 'known' | 'removalsHeld'>,
  passed: () => boolean,
  monitors: Pick<KernelMonitors, 'running'>,
): Readiness {
  return {
    source() {
      if (!desired.known) return 'the manifests were not read yet';
      return desired.removalsHeld === 'unreadable_source'
        ? 'the manifest directory cannot be read'
        : undefined;
    },
    pass: () => (passed() ? undefined : 'the first pass is not over'),
    monitors: () => (monitors.running() ? undefined : 'a monitor of the kernel does not run'),
  };
}
