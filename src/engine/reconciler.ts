import { sysctlPaths } from '../../controllers/forwarding.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import { type Failure, type Operation, STAGES } from '../kernel/command.ts';
import type { Executor } from '../kernel/executor.ts';
import { REPLACED } from '../kernel/namespace-handle.ts';
import type { Nft } from '../kernel/nft.ts';
import type { ContainerView, Observed } from '../kernel/observed.ts';
import type { Resolvers } from '../kernel/resolvers.ts';
import type { KernelView } from '../kernel/view.ts';
import { forgetFlows } from '../kernel/conntrack.ts';
import { type ElementDifference, isEmptyDifference } from '../netfilter/difference.ts';
import type { ElementTable } from '../netfilter/elements.ts';
import { Memo } from '../netfilter/memo.ts';
import { resolverNames } from '../resolver/files.ts';
import { movedFlows } from '../netfilter/moved-flows.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import type { Features } from './features.ts';
import { allowedFilter, allowedOperations, isAnotherContainer, switchesForwardingOn } from './facts.ts';
import type { FilterWrite } from './filter-drift.ts';
import { FilterWriter, type Refusal } from './filter-writer.ts';
import type { Inventory } from './inventory.ts';
import { type FullPlan, Planner } from './planner.ts';
import { touchedParts } from './touched-parts.ts';

/** A pass ends after this many; what it has put right in each of them, and differs again, is said to resist. */
const MOST_ROUNDS = 5;

export type Phase = 'observe' | 'plan' | 'apply' | 'verify';

export interface PassOptions {
  readonly allowRemovals: boolean;
  readonly pruneOrphans?: boolean;
  /** Resources whose last attempt failed and whose next is not due. */
  readonly postponed?: ReadonlySet<Key>;
  /** Whether something that is wrong is to be left alone, since something else keeps rewriting it. */
  readonly holdsBack?: (fact: string) => boolean;
}

/** What one pass did, and how things stand after it. */
export interface PassResult {
  readonly plan: FullPlan;
  readonly observed: Observed;
  /** What was done, successfully; also of a resource of which something else failed. */
  readonly done: readonly Operation[];
  readonly failures: ReadonlyMap<Key, Failure>;
  /** Resources that came too late to be finished, a container that has just started: the next pass is about them. */
  readonly unfinished: ReadonlySet<Key>;
  /** nft's words, where nothing of the filter could be changed. */
  readonly netfilterError?: string;
  /** What was refused of the filter while the rest was carried out, by the resources that have something in it. */
  readonly refusals: ReadonlyMap<Key, Refusal>;
  /** The elements that are in force. */
  readonly inForce?: ElementTable | undefined;
  /** Why running UDP flows could not be led where their forward leads now. */
  readonly flowProblem?: string;
  /** Transactions of netfilter that were carried out. */
  readonly filter: readonly FilterWrite[];
}

/** How many things a pass wrote. */
export function writesOf({ done, filter }: PassResult): number {
  const elements = ({ difference }: FilterWrite): number =>
    difference.additions.length + difference.removals.length;
  return filter.reduce((sum, write) => sum + Math.max(elements(write), 1), done.length);
}

/** What of the manifests tells where to look. */
interface LookedFor {
  readonly desired: ReadonlyMap<Key, Manifest>;
  readonly links: readonly Manifest<Link>[];
  readonly resolvers: ReadonlySet<string>;
}

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
  #lookedFor: LookedFor | undefined;
  /** What was refused last of each resource whose next attempt is not due. */
  readonly #refused = new Map<Key, Operation>();
  readonly #writer: FilterWriter;
  /** Which sysctls are looked at. */
  readonly #paths = new Memo<readonly string[]>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#planner = new Planner(parts.features.layout.sets);
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
    const observed = await this.#look(desired);
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
    this.#writer.retry(options.postponed ?? new Set());
    for (const key of this.#refused.keys()) if (!options.postponed?.has(key)) this.#refused.delete(key);
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
      const due = this.#due(plan, options, failures, this.#unprotected(plan, desired, netfilterError));
      if ((due.length === 0 && !netfilterDue) || round > MOST_ROUNDS) {
        for (const [key, { operation }] of failures) this.#refused.set(key, operation);
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
          refusals: this.#writer.refusals(this.#lookFor(desired).links),
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
        const unprotected = this.#unprotected(plan, desired, netfilterError);
        const allowed = this.#due(plan, options, failures, unprotected);
        for (const key of new Set(allowed.map((operation) => operation.key)))
          rounds.set(key, (rounds.get(key) ?? 0) + 1);
        done.push(...(await this.#execute(allowed, failures)));
      });
    }
  }

  #due(
    plan: FullPlan,
    options: PassOptions,
    failures: ReadonlyMap<Key, Failure>,
    unprotected: (operation: Operation) => boolean,
  ): Operation[] {
    const orphans = options.pruneOrphans
      ? plan.leftovers.orphans.flatMap(({ removal }) => removal ?? [])
      : [];
    const operations = allowedOperations(
      [...plan.operations, ...orphans],
      options.holdsBack ?? (() => false),
    );
    return operations.filter(
      (operation) =>
        !failures.has(operation.key) &&
        !this.#waits(operation, options.postponed) &&
        // What is to be removed may go.
        (operation.verb === 'delete' || !unprotected(operation)),
    );
  }

  /** Of a resource whose next attempt is not due, what would come after the command that was refused waits with that. */
  #waits({ key, stage, verb, object, field }: Operation, postponed: PassOptions['postponed']): boolean {
    if (postponed?.has(key) !== true) return false;
    const refused = this.#refused.get(key);
    if (!refused) return true;
    const isSame = verb === refused.verb && object === refused.object && field === refused.field;
    return isSame || STAGES.indexOf(stage) > STAGES.indexOf(refused.stage);
  }

  /** What is not carried out, since what makes it safe is not in force. */
  #unprotected(
    { netfilter: { difference, replaceTables } }: FullPlan,
    desired: ReadonlyMap<Key, Manifest>,
    netfilterError: string | undefined,
  ): (operation: Operation) => boolean {
    const refusals = this.#writer.refusals(this.#lookFor(desired).links);
    if (netfilterError === undefined) return ({ key }) => refusals.get(key)?.protects === true;
    const guarded = !replaceTables && !difference.additions.some(({ set }) => set.startsWith('guarded'));
    return (operation) => operation.key.startsWith('Link/') || (!guarded && switchesForwardingOn(operation));
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

  async #look(desired: ReadonlyMap<Key, Manifest>): Promise<Observed> {
    const { links, resolvers } = this.#lookFor(desired);
    const { view, inventory } = this.#parts;
    const kernel = await view.look(links, (host) =>
      this.#paths.get('all', [desired, host, inventory.all()], () => sysctlPaths(desired, host, inventory)),
    );
    return { ...kernel, resolvers: this.#parts.resolvers.look(resolvers) };
  }

  /** The same for the same manifests. */
  #lookFor(desired: ReadonlyMap<Key, Manifest>): LookedFor {
    if (this.#lookedFor?.desired !== desired) {
      const links = [...desired.values()].filter(
        (manifest): manifest is Manifest<Link> => manifest.resource.kind === 'Link',
      );
      this.#lookedFor = { desired, links, resolvers: resolverNames(desired) };
    }
    return this.#lookedFor;
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
