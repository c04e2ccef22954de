import { Subject, Subscription, interval, tap } from 'rxjs';
import { affectedBy } from '../../controllers/dependencies.ts';
import type { Orphan } from '../../controllers/removal.ts';
import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import type { Scan } from '../source/scan.ts';
import { sameThings } from '../netfilter/memo.ts';
import { Assessment } from './assessment.ts';
import { coalesceMap } from './coalesce.ts';
import { DesiredState } from './desired-state.ts';
import type { EngineParts } from './engine-parts.ts';
import { kernelChanges } from './kernel-changes.ts';
import { kernelFacts } from './kernel-facts.ts';
import { isReady } from './object-conditions.ts';
import { createLxcActions } from './lxc-actions.ts';
import type { EngineActions, LxcActions, ReconcileOptions, ReconcileSummary } from './ports.ts';
import { Pace } from './pace.ts';
import type { KeyedQueue } from './queue.ts';
import { type Readiness, readinessOf } from './readiness.ts';
import { type PassResult, writesOf } from './pass.ts';
import { RESYNC_PERIOD, type ScanTrigger, scanTriggers } from './triggers.ts';
import { WorkLoop } from './work-loop.ts';

/** The work queue's item for what belongs to no single resource: the filter, forwarding, removals. */
const HOST = 'host';
type Item = Key | typeof HOST;
/** In resync periods: how often netfilter is listed, and everything planned anew, without a reason. */
const FULL_AUDIT_EVERY = 3;

/** The daemon's heart: reads manifests, follows the kernel, and runs one pass at a time. */
export class Engine implements EngineActions {
  readonly #parts: EngineParts;
  readonly #loop: WorkLoop<Item>;
  readonly #queue: KeyedQueue<Item>;
  readonly #desired: DesiredState;
  readonly #assessment: Assessment;
  readonly #pace: Pace;
  readonly #subscription = new Subscription();
  readonly #scanRequest$ = new Subject<void>();
  readonly #removal$ = new Subject<number>();
  /** When the look is due that was last asked for because of removals. */
  #removalAt: number | undefined;
  readonly #lookAround$ = new Subject<void>();
  readonly #passed$ = new Subject<void>();
  readonly lxc: LxcActions;
  readonly readiness: Readiness;
  #last: PassResult | undefined;
  /** What the last pass was about. */
  #lastDesired: ReadonlyMap<Key, Manifest> | undefined;
  #confirmed = false;
  /** One after the other. */
  #failedPasses = 0;
  #pruneOrphans = false;
  #firstEventAt: number | undefined;
  #changed = new Set<Key>();
  /** What was saved last. */
  #saved: readonly unknown[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { metrics } = parts;
    this.#desired = new DesiredState(parts, parts.before);
    this.#pace = new Pace(parts.clock);
    const hooks = {
      added: metrics.queueAdded,
      retried: metrics.queueRetried,
      waited: metrics.observeQueueDuration,
      worked: metrics.observeWorkDuration,
    };
    this.#loop = new WorkLoop<Item>(parts.clock, hooks, () => this.#work());
    this.#queue = this.#loop.queue;
    this.#assessment = new Assessment({ ...parts, desired: this.#desired, queue: this.#queue });
    metrics.readQueueWith(() => this.#queue.reading());
    this.readiness = readinessOf(this.#desired, () => this.#last !== undefined, parts.monitors);
    this.lxc = createLxcActions({
      layout: parts.reconciler.layout,
      netlink: parts.netlink,
      view: parts.view,
      manifests: () => this.#desired.manifests,
      settled: () => this.#desired.known && this.#lastDesired === this.#desired.manifests,
      last: () => this.#last,
      object: (key) => parts.objects.get(key),
      lookAt: (keys) => this.#lookAt(keys),
    });
  }

  /** Begins to work; everything that happens from now on is an event. */
  start(): void {
    const { watch$, scan, clock } = this.#parts;
    const scans$ = scanTriggers(watch$, this.#scanRequest$, this.#removal$).pipe(
      coalesceMap(async (trigger) => ({ trigger, began: clock.now(), scan: await scan(trigger) })),
      tap(({ trigger, began, scan: result }) => this.#take(trigger, result, began)),
    );
    const changes$ = kernelChanges(
      { ...this.#parts, writers: this.#assessment.writers },
      {
        desired: () => this.#desired.manifests,
        observed: () => this.#last?.observed,
        lookAround$: this.#lookAround$,
        passed$: this.#passed$,
      },
    );
    this.#loop.start();
    this.#subscription.add(changes$.subscribe(() => this.#onKernelChange()));
    this.#subscription.add(scans$.subscribe());
    this.#subscription.add(interval(RESYNC_PERIOD).subscribe((count) => this.#audit(count)));
  }

  /** Stops the sources, lets a running pass finish, and leaves the network as it is. */
  async stop(): Promise<void> {
    this.#subscription.unsubscribe();
    await this.#loop.stop();
    await this.#save();
  }

  /** The last pass; `undefined` before the first is over. */
  lastPass(): PassResult | undefined {
    return this.#last;
  }

  /** Reads the manifests again, soon. */
  rescan(): void {
    this.#scanRequest$.next();
  }

  async reconcile(options: ReconcileOptions): Promise<ReconcileSummary> {
    const start = this.#parts.clock.now();
    this.#confirmed ||= options.allowPrune;
    this.#pruneOrphans ||= options.pruneOrphans;
    this.#assessment.forgetContests();
    this.#parts.resolvers.forgetProblems();
    const scan = await this.#parts.scan('request');
    for (const key of this.#desired.manifests.keys()) this.#queue.forget(key);
    this.#take('request', scan, start);
    const over = this.#loop.nextRun();
    this.#resync();
    await over;
    const ready = this.#parts.objects.list().filter(isReady).length;
    return {
      resources: this.#desired.manifests.size,
      ready,
      writes: this.#last ? writesOf(this.#last) : 0,
      milliseconds: Math.round(this.#parts.clock.now() - start),
      heldBack: this.#desired.heldBack,
      notes: this.#notes(),
    };
  }

  async kernelFacts(key: Key): Promise<readonly string[]> {
    const manifest = this.#desired.manifests.get(key);
    return Promise.resolve(
      manifest && this.#last ? kernelFacts(manifest, this.#last.observed, this.#last.plan) : [],
    );
  }

  #take(trigger: ScanTrigger, scan: Scan, began: number): void {
    const isNews = this.#desired.take(trigger, scan, began);
    if (isNews) this.#refreshDesired();
    // It was too early, or found nothing that can be read.
    else if (trigger === 'removal') this.#awaitRemoval();
    if (!isNews) return;
    for (const key of this.#changed) this.#queue.add(key, 0);
    this.#queue.add(HOST, 0);
    if ([...this.#changed].some((key) => key.startsWith('PortForward/'))) this.#lookAround$.next();
    this.#loop.wake();
  }

  #refreshDesired(): void {
    const edits = this.#desired.refresh(this.#confirmed);
    this.#confirmed = false;
    for (const key of edits.changed) this.#changed.add(key);
    for (const key of [...edits.changed, ...edits.removed]) this.#queue.forget(key);
    this.#assessment.edited(edits);
    if (this.#desired.nextRemovalAt !== this.#removalAt) this.#awaitRemoval();
  }

  #awaitRemoval(): void {
    this.#removalAt = this.#desired.nextRemovalAt;
    if (this.#removalAt !== undefined) this.#removal$.next(this.#removalAt - this.#parts.clock.now());
  }

  /** @param since When it was that something changed. */
  #onKernelChange(since = this.#parts.clock.now()): void {
    this.#firstEventAt ??= since;
    this.#queue.add(HOST, -10, this.#pace.wait());
    this.#loop.wake();
  }

  /** Looks for what the monitors may have missed. */
  #audit(count: number): void {
    this.#parts.view.invalidateSlice();
    if ((count + 1) % FULL_AUDIT_EVERY === 0) {
      this.#parts.reconciler.forget();
      this.#parts.view.invalidate('netfilter');
    }
    this.#lookAround$.next();
    this.#queue.add(HOST, -100);
    this.#loop.wake();
  }

  /** Has a pass look at links again, also where their last attempt has failed. */
  #lookAt(keys: readonly Key[]): Promise<void> {
    this.#parts.view.invalidate(...keys);
    for (const key of keys) this.#queue.forget(key);
    const over = this.#loop.nextRun();
    this.#queue.add(HOST, 0);
    this.#loop.wake();
    return over;
  }

  #resync(): void {
    this.#parts.reconciler.forget();
    this.#parts.view.invalidateAll();
    this.#lookAround$.next();
    for (const key of this.#desired.manifests.keys()) this.#queue.add(key, -100);
    this.#queue.add(HOST, -100);
    this.#loop.wake();
  }

  async #work(): Promise<void> {
    // Before the manifests were read nothing is wanted, and everything would be removed.
    if (!this.#desired.known) return;
    try {
      await this.#pass();
      this.#failedPasses = 0;
    } catch (error) {
      this.#parts.logger.error('the pass failed', { error });
      const message = `nothing is put right for now: ${error instanceof Error ? error.message : String(error)}`;
      this.#parts.events.record({ type: 'Warning', reason: 'PassFailed', message });
      // The first may have been an accident, and is made good at once.
      if (++this.#failedPasses > 1) this.#assessment.unknown(this.#desired.manifests.values(), message);
      this.#parts.view.invalidateAll();
      this.#queue.retry(HOST);
    }
  }

  async #pass(): Promise<void> {
    const { reconciler, clock, metrics } = this.#parts;
    this.#refreshDesired();
    const eventAt = this.#firstEventAt;
    this.#firstEventAt = undefined;
    if (eventAt !== undefined) this.#pace.spend();
    const manifests = this.#desired.manifests;
    const gone = [...(this.#lastDesired?.keys() ?? [])].filter((key) => !manifests.has(key));
    const edited = affectedBy(new Set([...this.#changed, ...gone]), manifests);
    this.#changed = new Set();
    const postponed = this.#queue.postponed() as Set<Key>;
    const result = await reconciler.pass(manifests, {
      allowRemovals: this.#desired.removalsHeld === undefined,
      pruneOrphans: this.#pruneOrphans,
      postponed,
      holdsBack: (fact) => this.#assessment.holdsBack(fact),
    });
    this.#pruneOrphans = false;
    const before = this.#last;
    this.#last = result;
    this.#lastDesired = manifests;
    this.#passed$.next();
    const { changed, dueIn } = this.#assessment.assess({ result, before, manifests, edited, postponed });
    if (eventAt !== undefined && writesOf(result) > 0)
      metrics.observeDriftHeal((clock.now() - eventAt) / 1000);
    this.#queue.forget(HOST);
    if (dueIn !== undefined) this.#queue.add(HOST, -10, dueIn);
    for (const key of result.unfinished) if (changed.has(key)) this.#changed.add(key);
    if (result.unfinished.size > 0) this.#onKernelChange(eventAt);
    await this.#save();
  }

  /** Where nothing of it has changed, a thousand resources are not written down again. */
  async #save(): Promise<void> {
    const { objects, save } = this.#parts;
    const basis = [objects.resourceVersion, this.#desired.revision, ...this.#desired.retained];
    if (!sameThings(basis, this.#saved) && (await save(this.#desired.retained))) this.#saved = basis;
  }

  #notes(): string[] {
    const orphans = this.#last?.plan.leftovers.orphans ?? [];
    const noteOf = ({ text }: Orphan): string =>
      `${text} is an orphan; 'lxcnet reconcile --prune-orphans' removes it`;
    return [...this.#desired.notes(), ...orphans.map(noteOf)];
  }
}
