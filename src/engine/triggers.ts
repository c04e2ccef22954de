import {
  Observable,
  Subject,
  auditTime,
  defer,
  filter,
  interval,
  map,
  merge,
  repeat,
  retry,
  share,
  timer,
} from 'rxjs';
import { type KernelEvent, monitorInterfaces, monitorNetfilter } from '../kernel/monitor.ts';
import type { LineProgram } from '../kernel/programs.ts';

/** Between a first sign of a change and the scan; long enough for an editor's second step, too short to be felt. */
const SCAN_DELAY = 20;
/** The directory is read again this often, whatever the watcher says. */
const RESCAN_PERIOD = 20_000;
/** Everything in the kernel is looked at again this often, whatever the monitors say. */
export const RESYNC_PERIOD = 60_000;
const MONITOR_RESTART_DELAY = 250;

/** Why the manifests are read. */
export type ScanTrigger = 'start' | 'watch' | 'rescan' | 'request';

/** Times to read the manifests. */
export function scanTriggers(watch$: Observable<void>, request$: Observable<void>): Observable<ScanTrigger> {
  const named = (name: ScanTrigger) => map((): ScanTrigger => name);
  return merge(
    timer(0).pipe(named('start')),
    watch$.pipe(auditTime(SCAN_DELAY), named('watch')),
    interval(RESCAN_PERIOD).pipe(named('rescan')),
    request$.pipe(named('request')),
  );
}

/** Both monitors of the kernel, started again when one ends. */
export interface KernelMonitors {
  readonly events$: Observable<KernelEvent>;
  /** Whether both run. */
  running(): boolean;
}

/** Follows the kernel. A monitor that ends is started again, after an event that says that anything may have changed. */
export function followKernel(): KernelMonitors {
  const running = new Set<'ip' | 'nft'>();
  const follow = (
    monitor: 'ip' | 'nft',
    start: (onEvents: (events: readonly KernelEvent[]) => void) => LineProgram,
  ): Observable<KernelEvent> =>
    defer(() => {
      const events = new Subject<KernelEvent>();
      const program = start((list) => list.forEach((event) => events.next(event)));
      running.add(monitor);
      void program.ended.then(({ exitCode, stderr }) => {
        running.delete(monitor);
        events.next({ part: 'unknown', monitor, reason: `the monitor ended (${exitCode ?? stderr})` });
        events.complete();
      });
      return new Observable<KernelEvent>((subscriber) => {
        subscriber.add(events.subscribe(subscriber));
        subscriber.add(() => program.stop());
      });
    }).pipe(repeat({ delay: MONITOR_RESTART_DELAY }), retry({ delay: MONITOR_RESTART_DELAY }));
  return {
    events$: merge(follow('ip', monitorInterfaces), follow('nft', monitorNetfilter)).pipe(share()),
    running: () => running.size === 2,
  };
}

/** Leaves out what our own transactions caused. */
export function foreignOnly(
  isOwnProcess: (pid: number) => boolean,
): (source: Observable<KernelEvent>) => Observable<KernelEvent> {
  return filter((event) => event.part !== 'netfilter' || !isOwnProcess(event.process));
}
