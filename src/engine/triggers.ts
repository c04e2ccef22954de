import { type Observable, auditTime, filter, interval, map, merge, switchMap, timer } from 'rxjs';
import type { KernelEvent } from '../kernel/monitor.ts';

/** Between a first sign of a change and the scan; long enough for an editor's second step, too short to be felt. */
const SCAN_DELAY = 20;
/** The directory is read again this often, whatever the watcher says. */
const RESCAN_PERIOD = 20_000;
/** Everything in the kernel is looked at again this often, whatever the monitors say. */
export const RESYNC_PERIOD = 120_000;

/** Between two looks because of removals. */
const SHORTEST_DELAY = 100;

/** Why the manifests are read; `removal`: what is missing in them has been so for long enough, if it still is. */
export type ScanTrigger = 'start' | 'watch' | 'rescan' | 'request' | 'removal';

/**
 * Times to read the manifests.
 *
 * @param removal$ In how many milliseconds the next removal falls due; the last counts.
 */
export function scanTriggers(
  watch$: Observable<void>,
  request$: Observable<void>,
  removal$: Observable<number>,
): Observable<ScanTrigger> {
  const named = (name: ScanTrigger) => map((): ScanTrigger => name);
  return merge(
    timer(0).pipe(named('start')),
    watch$.pipe(auditTime(SCAN_DELAY), named('watch')),
    interval(RESCAN_PERIOD).pipe(named('rescan')),
    request$.pipe(named('request')),
    removal$.pipe(
      switchMap((delay) => timer(Math.max(delay, SHORTEST_DELAY))),
      named('removal'),
    ),
  );
}

/**
 * Leaves out what our own transactions caused.
 *
 * @param committed Told of the process of each transaction; whether it is ours.
 */
export function foreignOnly(
  committed: (pid: number) => boolean,
): (source: Observable<KernelEvent>) => Observable<KernelEvent> {
  return filter((event) => event.part !== 'netfilter' || !committed(event.process));
}
