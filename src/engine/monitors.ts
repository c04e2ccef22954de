import { Observable, defer, merge, repeat, retry, share, timer } from 'rxjs';
import { type Listening, isStopped, listeningOf } from '../kernel/listening.ts';
import { type KernelEvent, monitorInterfaces } from '../kernel/monitor.ts';
import { monitorNetfilter } from '../kernel/nft-monitor.ts';
import type { LineProgram } from '../kernel/programs.ts';

/** How often is looked whether a monitor that was started listens already, and whether one that does still reads. */
const START_POLL = 50;
const CHECK_PERIOD = 1_000;
/** In these periods: how often is looked whether events wait for it. */
const READING_EVERY = 5;
/** A monitor that has not subscribed to anything by then never will. */
const MOST_START_POLLS = 100;
const FIRST_DELAY = 250;
const LONGEST_DELAY = 5_000;

type Monitor = 'ip' | 'nft';
type Start = (onEvents: (events: readonly KernelEvent[]) => void) => LineProgram;

/** Both monitors of the kernel, started again when one ends or listens no more. */
export interface KernelMonitors {
  readonly events$: Observable<KernelEvent>;
  /** Whether both listen. */
  running(): boolean;
}

/**
 * Follows the kernel. Anything may have happened until a monitor listens and after it has ended, so both moments are
 * events that ask for a look at everything.
 */
export function followKernel(): KernelMonitors {
  const listening = new Set<Monitor>();
  const follow = (monitor: Monitor, start: Start): Observable<KernelEvent> => {
    let failures = 0;
    let wasListening = false;
    const delay = (): Observable<0> => timer(Math.min(FIRST_DELAY * 2 ** failures++, LONGEST_DELAY));
    const unknown = (reason: string, restarted?: boolean): KernelEvent => ({
      part: 'unknown',
      monitor,
      reason,
      ...(restarted !== undefined && { restarted }),
    });
    return defer(
      () =>
        new Observable<KernelEvent>((subscriber) => {
          const program = start((list) => list.forEach((event) => subscriber.next(event)));
          const stopChecks = watchOver(program, () => {
            listening.add(monitor);
            failures = 0;
            subscriber.next(unknown('the monitor listens', wasListening));
            wasListening = true;
          });
          void program.ended.then(({ exitCode, stderr }) => {
            stopChecks();
            listening.delete(monitor);
            subscriber.next(unknown(`the monitor ended (${exitCode ?? stderr})`));
            subscriber.complete();
          });
          subscriber.add(() => {
            stopChecks();
            program.stop();
          });
        }),
    ).pipe(repeat({ delay }), retry({ delay }));
  };
  return {
    events$: merge(follow('ip', monitorInterfaces), follow('nft', monitorNetfilter)).pipe(share()),
    running: () => listening.size === 2,
  };
}

/** Waits until a monitor listens, and ends it where it never does or reads no more. @returns what stops that. */
function watchOver(program: LineProgram, onListening: () => void): () => void {
  const { pid } = program;
  if (pid === undefined) return () => undefined;
  let timeout: NodeJS.Timeout | undefined;
  let over = false;
  let polls = 0;
  let checks = 0;
  let before: Reading | undefined;
  const again = (delay: number): void => {
    timeout = setTimeout(check, delay);
  };
  const check = (): void => {
    if (over) return;
    if (isStopped(pid)) {
      program.stop();
      return;
    }
    if (before && ++checks % READING_EVERY !== 0) {
      again(CHECK_PERIOD);
      return;
    }
    const state = listeningOf(pid);
    if (!state) return;
    const now = { ...state, printed: program.printed() };
    const starting = !before && !now.subscribed && ++polls < MOST_START_POLLS;
    if (starting) {
      again(START_POLL);
    } else if (!now.subscribed || isDeaf(before, now)) {
      program.stop();
    } else {
      if (!before) onListening();
      before = now;
      again(CHECK_PERIOD);
    }
  };
  again(START_POLL);
  return () => {
    over = true;
    clearTimeout(timeout);
  };
}

interface Reading extends Listening {
  readonly printed: number;
}

/** Whether events have waited since the last look while it has printed nothing. */
function isDeaf(before: Reading | undefined, now: Reading): boolean {
  return before !== undefined && before.unread > 0 && now.unread > 0 && now.printed === before.printed;
}
