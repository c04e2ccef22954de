import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import type { Failure, Operation } from '../kernel/command.ts';
import type { Executor } from '../kernel/executor.ts';
import { REPLACED } from '../kernel/namespace-handle.ts';
import type { Nft } from '../kernel/nft.ts';
import type { ContainerView, Observed } from '../kernel/observed.ts';
import type { Resolvers } from '../kernel/resolvers.ts';
import type { KernelView } from '../kernel/view.ts';
import { forgetFlows } from '../kernel/conntrack.ts';
import { type ElementDifference, isEmptyDifference } from '../netfilter/difference.ts';
import { movedFlows } from '../netfilter/moved-flows.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import type { Features } from './features.ts';
import { DueOperations } from './due-operations.ts';
import { allowedFilter, isAnotherContainer } from './facts.ts';
import type { FilterWrite } from './filter-drift.ts';
import { FilterWriter } from './filter-writer.ts';
import type { Inventory } from './inventory.ts';
import { Observer } from './observer.ts';
import type { PassOptions, PassResult, Phase } from './pass.ts';
import { type FullPlan, Planner } from './planner.ts';
import { touchedParts } from './touched-parts.ts';

/** A pass ends after this many; what it has put right in each of them, and differs again, is said to resist. */
const MOST_ROUNDS = 5;

export interface ReconcilerParts {
  readonly view: KernelView;
  readonly resolvers: Resolvers;
  readonly nft: Nft;
  readonly executor: Executor;
  readonly inventory: Inventory;
  readonly features: Features;
  readonly onPhase?: (phase: Phase, seconds: number) => void;
}

/**
 * Makes the kernel as the manifests say: look, plan, apply, and look again until there is nothing left to do. The last
 * look is the verification: a resource is ready when a plan made from it is empty.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #planner: Planner;
  readonly #observer: Observer;
  readonly #writer: FilterWriter;
  readonly #due = new DueOperations();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#planner = new Planner(parts.features.layout.sets);
    this.#observer = new Observer(parts);
    this.#writer = new FilterWriter({ ...parts, layout: parts.features.layout });
  }

  /** The tables as this kernel can hold them. */
  get layout(): Layout {
    return this.#parts.features.layout;
  }

  /** Has everything planned anew the next time. */
  forget(): void {
    this.#planner.forget();
  }

  /** What would be done, without doing it. @throws {Error} Where the kernel cannot be looked at. */
  async preview(
    desired: ReadonlyMap<Key, Manifest>,
    allowRemovals: boolean,
  ): Promise<{ plan: FullPlan; observed: Observed }> {
    const observed = await this.#observer.look(desired);
    return {
      observed,
      plan: this.#planner.plan({ desired, observed, claims: this.#parts.inventory }, { allowRemovals }),
    };
  }

  /** One pass over everything. @throws {Error} Where the kernel cannot be looked at, or the inventory not be written. */
  async pass(desired: ReadonlyMap<Key, Manifest>, options: PassOptions): Promise<PassResult> {
    const failures = new Map<Key, Failure>();
    const done: Operation[] = [];
    const filter: FilterWrite[] = [];
    /** In how many rounds something was done of each. */
    const rounds = new Map<Key, number>();
    let lastSeen: Observed | undefined;
    let netfilterError = this.#parts.features.unsupported;
    let flowProblem: string | undefined;
    const links = this.#observer.linksOf(desired);
    this.#writer.retry(options.postponed ?? new Set());
    this.#due.begin(options.postponed);
    for (let round = 1; ; round++) {
      const { plan, observed } = await this.#time(round === 1 ? 'observe' : 'verify', () =>
        this.preview(desired, options.allowRemovals),
      );
      for (const key of rounds.keys()) {
        if (!lastSeen || !isAnotherContainer(key, lastSeen, observed)) continue;
        // What was refused since the container went away meanwhile is no failure; and one that comes begins anew.
        failures.delete(key);
        rounds.delete(key);
      }
      lastSeen = observed;
      const netfilter = this.#writer.due(allowedFilter(plan.netfilter, options.holdsBack ?? (() => false)));
      const differs = netfilter.replaceTables || !isEmptyDifference(netfilter.difference);
      // Tables that were made anew and cannot be looked at may be anything: it is not tried again in this pass.
      if (differs && filter.length > 0) netfilterError ??= observed.netfilter.problem;
      const netfilterDue = netfilterError === undefined && differs;
      const dueNow = (): Operation[] =>
        this.#due.of(plan, options, { failures, netfilterError, refusals: this.#writer.refusals(links) });
      const due = dueNow();
      if ((due.length === 0 && !netfilterDue) || round > MOST_ROUNDS) {
        this.#due.end(failures);
        return {
          plan,
          observed,
          done,
          failures,
          unfinished: new Set([
            ...due.flatMap(({ key }) => ((rounds.get(key) ?? 0) < MOST_ROUNDS ? key : [])),
            ...(netfilterDue ? netfilter.difference.additions.map(({ owner }) => owner) : []),
          ]),
          filter,
          refusals: this.#writer.refusals(links),
          ...(netfilterError === undefined ? { inForce: this.#writer.inForce } : { netfilterError }),
          ...(flowProblem !== undefined && { flowProblem }),
        };
      }
      await this.#time('apply', async () => {
        // The filter comes first, so that no link is up before what protects it is in force.
        if (netfilterDue) {
          const written = await this.#writer.write(netfilter, observed, (key) => desired.has(key));
          netfilterError = written.error;
          if (written.done) {
            filter.push(written.done);
            flowProblem ??= await this.#moveFlows(written.done.difference, observed);
          }
        }
        const allowed = dueNow();
        for (const key of new Set(allowed.map((operation) => operation.key)))
          rounds.set(key, (rounds.get(key) ?? 0) + 1);
        done.push(...(await this.#execute(allowed, failures)));
      });
    }
  }

  /** A forward that leads elsewhere now does so for running UDP flows, too. */
  async #moveFlows(difference: ElementDifference, { host }: Observed): Promise<string | undefined> {
    const filters = movedFlows(difference);
    if (filters.length === 0) return undefined;
    const addresses = new Set(
      [...host.interfaces.values()].flatMap((device) =>
        device.addresses.map((text) => text.slice(0, text.indexOf('/'))),
      ),
    );
    return forgetFlows(filters, (address) => addresses.has(address));
  }

  async #execute(all: readonly Operation[], failures: Map<Key, Failure>): Promise<Operation[]> {
    const { executor, inventory, view } = this.#parts;
    const problem = await inventory.claim(all);
    for (const operation of problem?.refused ?? [])
      failures.set(operation.key, { operation, message: problem!.reason });
    const operations = all.filter(({ key }) => !failures.has(key));
    const views = new Map<Key, ContainerView>();
    const { done, failures: refused } = await executor.run(operations, (key, container) =>
      views.set(key, container),
    );
    for (const failure of refused) {
      // It is another container now, which the next look will see; the kernel has refused nothing.
      if (failure.message === REPLACED || failures.has(failure.operation.key)) continue;
      failures.set(failure.operation.key, failure);
    }
    await inventory.release(done);
    view.invalidate(...touchedParts(operations));
    for (const [key, container] of views) view.replaceContainer(key, container);
    // Something may have been refused since the container has gone, of which nothing else tells before it has its mark.
    view.invalidate(
      ...refused.map(({ operation }) => operation.key).filter((key) => key.startsWith('Link/')),
    );
    return done.filter(({ commands }) => commands.length > 0);
  }

  async #time<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#parts.onPhase?.(phase, (performance.now() - start) / 1000);
    }
  }
}
