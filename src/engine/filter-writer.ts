import { type Key, displayKey, keyOf } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import type { Manifest } from '../api/resource.ts';
import type { Nft } from '../kernel/nft.ts';
import { type Observed, interfaceMarkedFor } from '../kernel/observed.ts';
import type { KernelView } from '../kernel/view.ts';
import {
  type StaleElement,
  elementDifference,
  isEmptyDifference,
  joined,
  renderDifference,
  textsOf,
} from '../netfilter/difference.ts';
import { type Element, type ElementTable, elementText } from '../netfilter/elements.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import { stepsOf } from '../netfilter/steps.ts';
import { type FilterChange, type Unit, isOfOwners, unitsOf } from '../netfilter/units.ts';
import { withhold } from '../netfilter/withhold.ts';
import { type Culprit, findCulprits } from './culprits.ts';
import type { AllowedFilter } from './facts.ts';
import type { FilterWrite } from './filter-drift.ts';

/** A part of the filter that was refused; what it is about stays as it is until it is tried again. */
export interface Refusal {
  /** What was refused, for people: `netfilter: macs { "lx-vm1" . 02:00:00:00:00:01 } of Link/vm1`. */
  readonly object: string;
  /** The kernel's words, or nft's. */
  readonly words: string;
  /** Whether it protects: without it nothing of these resources is made or set up. */
  readonly protects: boolean;
}

interface RefusedUnit extends Refusal {
  readonly owners: readonly Key[];
}

interface WriterParts {
  readonly view: Pick<KernelView, 'invalidate' | 'replaceNetfilter'>;
  readonly nft: Pick<Nft, 'apply' | 'check'>;
  readonly layout: Layout;
}

/** Puts changes of the filter in force; of a change that is refused, everything but the culprits and what waits for them. */
export class FilterWriter {
  readonly #parts: WriterParts;
  /** Whether something was refused that may be possible where the tables are made anew. */
  #anewNext = false;
  #inForce: ElementTable | undefined;
  /** By the name of the unit. */
  #refused: ReadonlyMap<string, RefusedUnit> = new Map();
  /** Those that are tried again. */
  #retried: ReadonlySet<string> = new Set();
  /** What was left out last. */
  #waiting: readonly Unit[] = [];

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** The elements that were put in force last; `undefined` before the first time. */
  get inForce(): ElementTable | undefined {
    return this.#inForce;
  }

  /** What is refused, by the resources that have a part in it; what a Bridge is without, its Links are without, too. */
  refusals(links: readonly Manifest<Link>[]): ReadonlyMap<Key, Refusal> {
    const byKey = new Map<Key, Refusal>();
    const [first] = this.#refused.values();
    if (!first) return byKey;
    for (const unit of this.#waiting) {
      const refusal = this.#refused.get(unit.name) ?? { ...first, protects: isOfOwners(unit) };
      for (const key of unit.owners) if (byKey.get(key)?.protects !== true) byKey.set(key, refusal);
    }
    for (const { key, resource } of links) {
      const refusal = byKey.get(keyOf('Bridge', '', resource.spec.bridge));
      if (refusal?.protects && byKey.get(key)?.protects !== true) byKey.set(key, refusal);
    }
    return byKey;
  }

  /** Has what was refused tried again, but for what is only about resources whose turn it is not. */
  retry(postponed: ReadonlySet<Key>): void {
    const due = [...this.#refused].filter(([, { owners }]) => !owners.every((key) => postponed.has(key)));
    this.#retried = new Set(due.map(([name]) => name));
  }

  /** What of a change is to be carried out now. */
  due(filter: AllowedFilter): AllowedFilter {
    const { replaceTables, difference } = filter;
    if (!replaceTables && isEmptyDifference(difference)) this.#inForce = filter.desired;
    if (this.#refused.size === 0) return filter;
    const units = replaceTables ? undefined : unitsOf(filter, this.#inForce);
    const names = new Set(units?.map(({ name }) => name));
    this.#refused = new Map([...this.#refused].filter(([name]) => names.has(name)));
    if (!units) return filter;
    const left = [...this.#refused.keys()].filter((name) => !this.#retried.has(name));
    const { waiting, ...rest } = withhold(filter, units, left, this.#inForce);
    this.#waiting = waiting;
    return { ...filter, ...rest };
  }

  /**
   * Carries a change out.
   *
   * @param isThere Whether a resource has a manifest, so that it can be said of it what is refused.
   * @returns what was done; or nft's words where nothing could be.
   */
  async write(
    filter: AllowedFilter,
    observed: Observed,
    isThere: (key: Key) => boolean,
  ): Promise<{ readonly done?: FilterWrite; readonly error?: string }> {
    const { replaceTables } = filter;
    // One element that nft cannot find would have every later change of the same refused as well.
    const anew = replaceTables || (this.#anewNext && this.#refused.size === this.#retried.size);
    const change = anew ? { ...filter, difference: elementDifference(filter.desired, new Map()) } : filter;
    const error = await this.#carryOut({ ...change, anew, complete: filter.complete }, observed);
    const stillRefused = [...this.#refused].filter(([name]) => !this.#retried.has(name));
    if (error === undefined) {
      this.#anewNext = false;
      this.#settle(stillRefused);
      const tables = replaceTables ? 'restored' : anew ? 'made anew' : 'kept';
      return { done: { difference: change.difference, tables } };
    }
    const wanted = replaceTables ? change : filter;
    const units = unitsOf(wanted, replaceTables ? new Map() : this.#inForce) ?? [];
    const culprits = await this.#culprits(units, replaceTables, observed, isThere);
    const isOld = ({ unit }: Culprit): boolean => unit.difference.removals.length > 0;
    this.#anewNext = !anew && (culprits.length === 0 || culprits.some(isOld));
    if (culprits.length === 0) return { error };
    const names = culprits.map(({ unit }) => unit.name);
    const { waiting, ...rest } = withhold(wanted, units, names, this.#inForce);
    const again = await this.#carryOut({ ...rest, anew: replaceTables, complete: false }, observed);
    if (again !== undefined) return { error: again };
    const refused = culprits.map(
      (culprit) => [culprit.unit.name, this.#refusalOf(culprit, isThere)] as const,
    );
    this.#settle([...stillRefused, ...refused]);
    this.#waiting = [...this.#waiting, ...waiting];
    const nothing = !replaceTables && isEmptyDifference(rest.difference);
    return nothing
      ? {}
      : { done: { difference: rest.difference, tables: replaceTables ? 'restored' : 'kept' } };
  }

  #settle(refused: Iterable<readonly [string, RefusedUnit]>): void {
    this.#refused = new Map(refused);
    this.#retried = new Set();
  }

  async #carryOut(
    { desired, difference, anew, complete }: FilterChange & { anew: boolean; complete: boolean },
    { netfilter }: Observed,
  ): Promise<string | undefined> {
    const { view, nft, layout } = this.#parts;
    const elements = textsOf(desired);
    const transactions = anew
      ? [layout.replacement + renderDifference(difference)]
      : stepsOf(difference, netfilter.elements, elements).map(renderDifference);
    let error: string | undefined;
    for (const transaction of transactions) error ??= await nft.apply(transaction, anew);
    if (error === undefined) this.#inForce = desired;
    if (error !== undefined || anew || !complete) view.invalidate('netfilter');
    else view.replaceNetfilter({ skeleton: 'present', elements });
    return error;
  }

  /** Who is to blame that a change was refused; nobody where the others could not be carried out safely without them. */
  async #culprits(
    units: readonly Unit[],
    anew: boolean,
    { host }: Observed,
    isThere: (key: Key) => boolean,
  ): Promise<readonly Culprit[]> {
    const { nft, layout } = this.#parts;
    const isSuspect = ({ name }: Unit): boolean => this.#refused.has(name);
    const ordered = [...units.filter((unit) => !isSuspect(unit)), ...units.filter(isSuspect)];
    const before = anew ? layout.replacement : '';
    const culprits = await findCulprits(ordered, (some) =>
      nft.check(before + renderDifference(joined(some.map(({ difference }) => difference)))),
    );
    // New tables have nothing of a culprit. So nothing of it may be there that is open without them.
    const isClosedWithout = (owner: Key): boolean => {
      if (owner.startsWith('Bridge/')) return interfaceMarkedFor(host, owner) === undefined;
      // What no table declares passes nothing, where there is a table for bridges.
      return !owner.startsWith('Link/') || layout.families.includes('bridge');
    };
    const canBeLeftOut = ({ unit: { owners } }: Culprit): boolean =>
      [...owners].some(isThere) && (!anew || [...owners].every(isClosedWithout));
    return culprits.every(canBeLeftOut) ? culprits : [];
  }

  #refusalOf({ unit, words, element }: Culprit, isThere: (key: Key) => boolean): RefusedUnit {
    return {
      owners: [...unit.owners].filter(isThere),
      object: element === undefined ? 'netfilter' : `netfilter: ${this.#textOf(element)}`,
      words,
      protects: isOfOwners(unit),
    };
  }

  #textOf(element: StaleElement | Element): string {
    const { set, key } = element;
    const owner = 'owner' in element ? element.owner : this.#inForce?.get(set)?.get(key)?.owner;
    return `${set} { ${elementText(element)} }${owner === undefined ? '' : ` of ${displayKey(owner)}`}`;
  }
}
