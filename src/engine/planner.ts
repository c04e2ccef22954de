import { planBridge } from '../../controllers/bridge.ts';
import { forwardDependencies, linkDependencies } from '../../controllers/dependencies.ts';
import { findForeignDrops } from '../../controllers/foreign-firewall.ts';
import { planForwarding } from '../../controllers/forwarding.ts';
import { planLink } from '../../controllers/link.ts';
import { type Note, type Plan, type PlanInput, NOTHING_TO_DO, mayAdopt } from '../../controllers/plan.ts';
import { planPortForward } from '../../controllers/port-forward.ts';
import { type Leftovers, findLeftovers, planRemoval } from '../../controllers/removal.ts';
import { planResolverRemovals } from '../../controllers/resolver.ts';
import { planRoute } from '../../controllers/route.ts';
import { findStrangers, strangerNote } from '../../controllers/strangers.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { PortForward } from '../api/port-forward.ts';
import { ANNOTATIONS } from '../api/group.ts';
import { hostInterfaceOf } from '../api/naming.ts';
import type { Manifest, Resource } from '../api/resource.ts';
import type { Operation } from '../kernel/command.ts';
import { type ElementTexts, type Observed, type ObservedInterface, markOf } from '../kernel/observed.ts';
import {
  type DesiredNetfilter,
  type GuardedInterfaces,
  type NetfilterContext,
  NetfilterBuilder,
} from '../netfilter/build.ts';
import { type ElementDifference, joined, setDifference } from '../netfilter/difference.ts';
import { type ElementTable, isElementName } from '../netfilter/elements.ts';
import { Memo } from '../netfilter/memo.ts';
import { SET_NAMES, type SetName } from '../netfilter/sets.ts';
import { touchedLinks } from './touched.ts';

/** Everything that has to be done, and what can be said already; nothing of it is done yet. */
export interface FullPlan {
  readonly plans: ReadonlyMap<Key, Plan>;
  /** In the order of kinds; stages put them into their final order. */
  readonly operations: readonly Operation[];
  readonly netfilter: NetfilterPlan;
  readonly leftovers: Leftovers;
  /** What should be known of resources that may be ready all the same. */
  readonly notes: ReadonlyMap<Key, readonly Note[]>;
  /** What tables of others drop of what a resource allows, with the remedy. */
  readonly foreignDrops: ReadonlyMap<Key, string>;
}

export interface NetfilterPlan {
  readonly desired: ElementTable;
  readonly difference: ElementDifference;
  /** The tables are missing, or not as this version makes them. */
  readonly replaceTables: boolean;
}

export interface PlanOptions {
  /** Whether what has no manifest any more may be removed. */
  readonly allowRemovals: boolean;
}

/** What a plan is put together from. */
interface PlanParts {
  readonly plans: ReadonlyMap<Key, Plan>;
  readonly removals: readonly Operation[];
  readonly forwarding: readonly Operation[];
  readonly desired: DesiredNetfilter;
  readonly strangers: ReadonlyMap<string, Key>;
  readonly leftovers: Leftovers;
}

/**
 * Compares what is wanted with what was seen. Pure but for a memory of what was made before from the same things: of a
 * thousand links an event is mostly about one.
 */
export class Planner {
  readonly #builder: NetfilterBuilder;
  #before:
    { readonly input: PlanInput; readonly options: PlanOptions; readonly parts: PlanParts } | undefined;
  #plans = new Memo<Plan>();
  readonly #differences = new Memo<ElementDifference>();
  #last:
    | { readonly desired: PlanInput['desired']; readonly basis: string; readonly result: DesiredNetfilter }
    | undefined;
  #lastDrops: { readonly basis: readonly unknown[]; readonly result: ReadonlyMap<Key, string> } | undefined;

  /** @param sets The sets that the kernel can hold; default all. */
  constructor(sets?: readonly SetName[]) {
    this.#builder = new NetfilterBuilder(sets);
  }

  plan(input: PlanInput, options: PlanOptions): FullPlan {
    const before = this.#before;
    const sameOptions = before?.options.allowRemovals === options.allowRemovals;
    const touched = before && sameOptions ? touchedLinks(before.input, input) : undefined;
    const again = before && touched && this.#planAgain(before.parts, touched, input);
    const parts = again ?? this.#planAll(input, options);
    this.#before = { input, options, parts };
    const { plans, removals, forwarding, desired, strangers, leftovers } = parts;
    const { host, netfilter: observed } = input.observed;
    const empty =
      input.desired.size === 0 && [...desired.elements.values()].every((elements) => elements.size === 0);
    const present = observed.skeleton === 'present';
    return {
      plans,
      operations: [
        ...removals,
        ...[...plans.values()].flatMap(({ operations }) => operations),
        ...forwarding,
      ],
      netfilter: {
        desired: desired.elements,
        difference: this.#difference(desired.elements, present ? observed.elements : new Map()),
        replaceTables: !present && !(empty && observed.skeleton === 'absent') && host.interfaces.size > 0,
      },
      leftovers,
      notes: notesOf(plans, strangers),
      foreignDrops: this.#foreignDrops(input, desired.elements),
    };
  }

  #planAll(input: PlanInput, { allowRemovals }: PlanOptions): PlanParts {
    const forwarding = planForwarding(input);
    const plans = new Map<Key, Plan>();
    for (const manifest of input.desired.values())
      plans.set(manifest.key, this.#planResource(manifest, input));
    const adopted = adoptedEnds(plans, input.desired);
    const strangers = findStrangers(input, new Set(adopted.values()));
    const desired = this.#netfilter(input, forwarding.guarded, strangers, adopted);
    for (const manifest of ofKind<PortForward>(input, 'PortForward'))
      if (!isSuspended(manifest.resource))
        plans.set(manifest.key, this.#planForward(manifest, input, desired.conflicts));
    this.#plans.sweep();
    const leftovers = findLeftovers(input);
    const removals = allowRemovals
      ? [...planResolverRemovals(input), ...leftovers.removable.flatMap((key) => planRemoval(key, input))]
      : [];
    return { plans, removals, forwarding: forwarding.operations, desired, strangers, leftovers };
  }

  /** Nothing but these Links can need another plan; `undefined` where one claims a port, which is then no stranger's. */
  #planAgain(before: PlanParts, touched: ReadonlySet<Key>, input: PlanInput): PlanParts | undefined {
    if (touched.size === 0) return before;
    const plans = new Map(before.plans);
    for (const key of touched) plans.set(key, this.#planResource(input.desired.get(key)!, input));
    const old = [...touched].flatMap((key) => before.plans.get(key) ?? []);
    const now = [...touched].flatMap((key) => plans.get(key) ?? []);
    return claimedInterfaces([...old, ...now]).size > 0 ? undefined : { ...before, plans };
  }

  /** Makes every plan anew: something may have changed that is not known to matter. */
  forget(): void {
    this.#plans = new Memo();
    this.#before = undefined;
  }

  /** The plan of one resource; forwards are planned when it is known which of them lose. */
  #planResource(manifest: Manifest, input: PlanInput): Plan {
    if (isSuspended(manifest.resource)) return NOTHING_TO_DO;
    switch (manifest.resource.kind) {
      case 'Bridge':
        return planBridge(manifest as Manifest<Extract<Resource, { kind: 'Bridge' }>>, input);
      case 'Link': {
        const link = manifest as Manifest<Link>;
        return this.#plans.get(link.key, linkDependencies(link, input), () => planLink(link, input));
      }
      case 'Route':
        return planRoute(manifest as Manifest<Extract<Resource, { kind: 'Route' }>>, input);
      case 'PortForward':
      case 'NetworkPolicy':
      case 'Namespace':
        return NOTHING_TO_DO;
    }
  }

  #planForward(forward: Manifest<PortForward>, input: PlanInput, conflicts: ReadonlyMap<Key, Key>): Plan {
    const dependencies = [...forwardDependencies(forward, input), conflicts.get(forward.key)];
    return this.#plans.get(forward.key, dependencies, () => planPortForward(forward, input, conflicts));
  }

  #difference(desired: ElementTable, observed: ElementTexts): ElementDifference {
    const differences = SET_NAMES.map((set) => {
      const [wanted, present] = [desired.get(set), observed.get(set)];
      return this.#differences.get(set, [wanted, present], () => setDifference(set, wanted, present));
    });
    this.#differences.sweep();
    return joined(differences);
  }

  /** Looked for anew only where something has changed: with many links it takes a while. */
  #foreignDrops(input: PlanInput, elements: ElementTable): ReadonlyMap<Key, string> {
    const { host, surroundings } = input.observed;
    const basis = [elements, surroundings, host.routes];
    if (this.#lastDrops?.basis.every((part, index) => part === basis[index]) !== true)
      this.#lastDrops = { basis, result: findForeignDrops(input, elements) };
    return this.#lastDrops.result;
  }

  #netfilter(
    { desired, observed }: PlanInput,
    guarded: GuardedInterfaces,
    foundStrangers: ReadonlyMap<string, Key>,
    adopted: ReadonlyMap<string, string>,
  ): DesiredNetfilter {
    const strangers = new Map([...foundStrangers].filter(([name]) => isElementName(name)));
    const names = new Map([...adopted, ...hostEnds(observed)]);
    const addresses = [...observed.host.interfaces.values()].map(
      (device) => [device.name, device.addresses] as const,
    );
    const basis = JSON.stringify([[...names], addresses, [...guarded[4]], [...guarded[6]], [...strangers]]);
    if (this.#last?.desired !== desired || this.#last.basis !== basis) {
      const context: NetfilterContext = {
        addressesOf: (name) => addressesOf(observed, name),
        portOf: (link) => names.get(markOf(link.key)) ?? hostInterfaceOf(link.resource),
        guarded,
        strangers,
      };
      const result = this.#builder.build(desired.values(), context);
      this.#last = { desired, basis, result };
    }
    return this.#last.result;
  }
}

/** The interfaces with lxcnet's mark: mark → name. A veth that LXC made has a name of LXC's. */
function hostEnds({ host }: Observed): ReadonlyMap<string, string> {
  return new Map(
    [...host.interfaces.values()]
      .filter(({ kind, alias, name }) => kind === 'veth' && alias !== '' && isElementName(name))
      .map(({ alias, name }) => [alias, name]),
  );
}

/**
 * Host ends that are about to be taken over on request: mark → name. The filter lets their traffic go on from the first; what
 * LXC has made is let in only when it has its mark, and with it is isolated.
 */
function adoptedEnds(
  plans: ReadonlyMap<Key, Plan>,
  desired: PlanInput['desired'],
): ReadonlyMap<string, string> {
  return new Map(
    [...plans].flatMap(([key, { operations }]) => {
      const resource = desired.get(key)?.resource;
      if (resource?.kind !== 'Link' || !mayAdopt(resource)) return [];
      const marked = operations.find(({ stage, claim }) => stage === 'mark' && claim?.object === 'interface');
      return marked?.claim && isElementName(marked.claim.id) ? [[markOf(key), marked.claim.id]] : [];
    }),
  );
}

function addressesOf({ host }: Observed, name: string): readonly string[] {
  const device: ObservedInterface | undefined = host.interfaces.get(name);
  return (device?.addresses ?? []).map((address) => address.slice(0, address.indexOf('/')));
}

function notesOf(
  plans: ReadonlyMap<Key, Plan>,
  strangers: ReadonlyMap<string, Key>,
): ReadonlyMap<Key, readonly Note[]> {
  const notes = new Map<Key, readonly Note[]>();
  for (const [key, plan] of plans) if (plan.notes?.length) notes.set(key, plan.notes);
  if (strangers.size === 0) return notes;
  // What LXC has just made is closed until it has its mark, but nobody's fault.
  const claimed = claimedInterfaces(plans.values());
  for (const [port, bridge] of strangers)
    if (!claimed.has(port)) notes.set(bridge, [...(notes.get(bridge) ?? []), strangerNote(port)]);
  return notes;
}

function ofKind<R extends Resource>({ desired }: PlanInput, kind: R['kind']): Manifest<R>[] {
  return [...desired.values()].filter((one): one is Manifest<R> => one.resource.kind === kind);
}

/** The interfaces that the plans make or take over. */
function claimedInterfaces(plans: Iterable<Plan>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { operations } of plans)
    for (const { claim } of operations) if (claim?.object === 'interface') names.add(claim.id);
  return names;
}

/** Whether a resource is left as it is, on its own request. */
export function isSuspended(resource: Resource): boolean {
  return resource.metadata.annotations[ANNOTATIONS.reconcile] === 'disabled';
}
