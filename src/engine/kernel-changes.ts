import {
  type Observable,
  auditTime,
  defer,
  filter,
  interval,
  map,
  merge,
  repeat,
  share,
  startWith,
  take,
  tap,
  timer,
} from 'rxjs';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { ContainerNamespace } from '../kernel/containers.ts';
import { lxcContainerOf } from '../api/lxc-container.ts';
import type { KernelEvent } from '../kernel/monitor.ts';
import type { Nft } from '../kernel/nft.ts';
import type { ContainerView, Observed } from '../kernel/observed.ts';
import type { Resolvers } from '../kernel/resolvers.ts';
import type { KernelView, Part } from '../kernel/view.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { coalesceMap } from './coalesce.ts';
import type { ForeignWriters } from './foreign-writers.ts';
import type { KernelMonitors } from './monitors.ts';
import { foreignOnly } from './triggers.ts';

/**
 * How often is looked for containers that a Link waits for, and at what else sends no event. For LXC it is
 * one file, whatever the number of containers; the rest is looked at only while one starts, that is, while LXC makes its
 * network.
 */
const LXC_POLL = 50;
const STARTING_POLL = 10;
/** Where many start at once, looking for them must not take from them what they need: so much longer is the pause. */
const MOST_POLLING = 4;
const CONTAINER_POLL = 250;
const SILENT_POLL = 2_000;
/** Nothing tells that a dnsmasq has ended: it is not the child of this daemon, which it outlives. */
const RESOLVER_POLL = 500;
/** Other tables may change often; what is said of them may be this old. */
const LOOK_AROUND_DELAY = 500;

interface WatchParts {
  readonly monitors: KernelMonitors;
  readonly view: KernelView;
  readonly resolvers: Resolvers;
  readonly nft: Nft;
  readonly writers: ForeignWriters;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What is wanted and what was last seen, at the moment of asking. */
interface Known {
  readonly desired: () => ReadonlyMap<Key, Manifest>;
  /** `undefined` before the first look. */
  readonly observed: () => Observed | undefined;
  /** Times to look at what others do on this host, besides when their tables change. */
  readonly lookAround$: Observable<void>;
  /** Ends of passes: what is wanted, or what was seen, may be different now. */
  readonly passed$: Observable<void>;
}

/** Tells that something in the kernel may have changed, after it has told the view where to look again. */
export function kernelChanges(parts: WatchParts, known: Known): Observable<void> {
  const { monitors, nft, view } = parts;
  const events$ = monitors.events$.pipe(
    foreignOnly((pid) => nft.committed(pid)),
    filter((event) => takeNote(event, parts)),
    share(),
  );
  const own$ = events$.pipe(filter(({ part }) => part !== 'foreign'));
  const around$ = merge(events$.pipe(filter(mayBeForeign)), known.lookAround$).pipe(
    auditTime(LOOK_AROUND_DELAY),
    startWith(undefined),
    coalesceMap(() => lookAround(parts)),
    filter((changed) => changed),
  );
  const [awaitedLxc, awaitedOthers] = awaitedLinks(known);
  const containers$ = merge(
    startedContainers(LXC_POLL, awaitedLxc, { view, ...known }),
    startedContainers(CONTAINER_POLL, awaitedOthers, { view, ...known }),
  ).pipe(tap((keys) => view.invalidate(...keys)));
  const silent$ = interval(SILENT_POLL).pipe(
    coalesceMap(() => changedSilently(parts, known)),
    filter((changed) => changed),
  );
  const resolvers$ = interval(RESOLVER_POLL).pipe(filter(() => parts.resolvers.changed()));
  return merge(own$, around$, containers$, silent$, resolvers$).pipe(map(() => undefined));
}

/** Whether tables of others may have changed: also while nobody listened. */
function mayBeForeign(event: KernelEvent): boolean {
  return event.part === 'foreign' || (event.part === 'unknown' && event.monitor === 'nft');
}

/** @returns whether there is reason to look again. */
function takeNote(event: KernelEvent, { view, metrics, logger, writers }: WatchParts): boolean {
  writers.note(event);
  switch (event.part) {
    case 'host':
      metrics.monitorEvents(event.group);
      view.invalidate(partOf(event));
      break;
    case 'switch':
      metrics.monitorEvents('link');
      break;
    case 'namespace': {
      metrics.monitorEvents(event.group);
      const keys = view.containersToldOf(event);
      view.invalidate(...keys);
      return keys.length > 0;
    }
    case 'netfilter':
      metrics.monitorEvents('nft');
      if (event.sets) view.invalidate(...event.sets.map((set) => `set ${set}` as const));
      else view.invalidate('netfilter');
      break;
    case 'foreign':
      break;
    case 'unknown':
      if (event.restarted) metrics.monitorRestarted(event.monitor === 'nft' ? 'nft' : 'link');
      logger[event.restarted === false ? 'debug' : 'warn']('looking again at what it follows', {
        monitor: event.monitor,
        reason: event.reason,
      });
      // nft's monitor says nothing of interfaces: a thousand containers need not be looked into because it ended.
      if (event.monitor === 'nft') view.invalidate('netfilter');
      else view.invalidateInterfaces();
  }
  return true;
}

function partOf({ group, device }: Extract<KernelEvent, { part: 'host' }>): Part {
  if (group === 'route') return 'routes';
  return device === undefined ? 'host' : `device ${device}`;
}

/** Advice may fail without harm: what is not known is not said. */
async function lookAround({ view, logger }: WatchParts): Promise<boolean> {
  try {
    return await view.lookAround();
  } catch (error) {
    logger.debug('the other tables could not be listed', { error });
    return false;
  }
}

async function changedSilently({ view, nft, logger }: WatchParts, { observed }: Known): Promise<boolean> {
  const last = observed();
  if (nft.answersAgain()) {
    view.invalidate('netfilter');
    return true;
  }
  try {
    return last !== undefined && (await view.changedSilently(last));
  } catch (error) {
    logger.debug('what sends no event could not be looked at', { error });
    return false;
  }
}

type Awaited = () => readonly Manifest<Link>[];

/** Tell the links whose container was not there at the last look, LXC's and others; looked for once per look, not at each poll. */
function awaitedLinks({ desired, observed }: Known): [lxc: Awaited, others: Awaited] {
  let basis: readonly unknown[] = [];
  let lxc: Manifest<Link>[] = [];
  let others: Manifest<Link>[] = [];
  const refresh = (): void => {
    const [manifests, last] = [desired(), observed()];
    if (basis[0] === manifests && basis[1] === last) return;
    basis = [manifests, last];
    const links = [...manifests.values()].filter(
      (manifest): manifest is Manifest<Link> =>
        manifest.resource.kind === 'Link' &&
        last !== undefined &&
        last.containers.get(manifest.key)?.state !== 'running',
    );
    lxc = links.filter(isLxc);
    others = links.filter((link) => !isLxc(link));
  };
  return [() => (refresh(), lxc), () => (refresh(), others)];
}

function isLxc({ resource }: Manifest<Link>): boolean {
  return lxcContainerOf(resource.spec.container) !== undefined;
}

/** Tells those of the awaited links whose container is there now, or absent for another reason; during a pass, once. */
function startedContainers(
  period: number,
  awaited: Awaited,
  { view, passed$, observed }: Pick<WatchParts, 'view'> & Pick<Known, 'passed$' | 'observed'>,
): Observable<readonly Key[]> {
  let pause = period;
  let told = new Set<string>();
  let awaitedBefore: readonly Manifest<Link>[] = [];
  const look = async (): Promise<readonly Key[]> => {
    const since = performance.now();
    const links = awaited();
    // Other links, since a pass is over: what is still not looked into is told again.
    if (links !== awaitedBefore) told = new Set();
    awaitedBefore = links;
    const found = await view.namespaces.find(links.map(({ resource }) => resource.spec.container));
    const starting = found.some((container) => container.state === 'absent' && container.starting);
    const busy = (performance.now() - since) * MOST_POLLING;
    pause = starting ? Math.min(period, Math.max(STARTING_POLL, busy)) : period;
    return links.flatMap(({ key }, index) => {
      const container = found[index]!;
      const news = newsOf(container, observed()?.containers.get(key));
      if (news === undefined || told.has(`${key} ${news}`)) return [];
      told.add(`${key} ${news}`);
      return [key];
    });
  };
  return defer(look).pipe(
    // While nothing is awaited there is nothing to look for until something has changed.
    repeat({ delay: () => (awaited().length > 0 ? timer(pause) : passed$.pipe(take(1))) }),
    filter((keys) => keys.length > 0),
  );
}

/** What there is to tell of an awaited container; while it is starting nothing. */
function newsOf(found: ContainerNamespace, last: ContainerView | undefined): string | undefined {
  if (found.state === 'running') return found.identity;
  if (found.state === 'absent' && found.starting) return undefined;
  return last && last.state !== 'running' && last.reason === found.reason ? undefined : found.reason;
}
