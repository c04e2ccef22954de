import type { Key } from '../api/key.ts';
import { type Failure, type Operation, STAGES } from '../kernel/command.ts';
import { allowedOperations, switchesForwardingOn } from './facts.ts';
import type { Refusal } from './filter-writer.ts';
import type { PassOptions } from './pass.ts';
import type { FullPlan } from './planner.ts';

/** What stands in the way of operations in one round of a pass. */
export interface Obstacles {
  readonly failures: ReadonlyMap<Key, Failure>;
  /** What was refused of the filter, by the resources that have something in it. */
  readonly refusals: ReadonlyMap<Key, Refusal>;
  /** nft's words, where nothing of the filter could be changed. */
  readonly netfilterError: string | undefined;
}

/** Tells which of a plan's operations are to be carried out now. */
export class DueOperations {
  /** What was refused last of each resource whose next attempt is not due. */
  readonly #refused = new Map<Key, Operation>();

  /** Says that a pass begins: what was refused of resources that are not postponed counts no more. */
  begin(postponed: PassOptions['postponed']): void {
    for (const key of this.#refused.keys()) if (!postponed?.has(key)) this.#refused.delete(key);
  }

  /** Says that a pass is over, and what was refused in it. */
  end(failures: ReadonlyMap<Key, Failure>): void {
    for (const [key, { operation }] of failures) this.#refused.set(key, operation);
  }

  of(plan: FullPlan, options: PassOptions, { failures, ...filter }: Obstacles): Operation[] {
    const orphans = options.pruneOrphans
      ? plan.leftovers.orphans.flatMap(({ removal }) => removal ?? [])
      : [];
    const operations = allowedOperations(
      [...plan.operations, ...orphans],
      options.holdsBack ?? (() => false),
    );
    const unprotected = isUnprotected(plan, filter);
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
}

/** Tells what is not carried out, since what makes it safe is not in force. */
function isUnprotected(
  { netfilter: { difference, replaceTables } }: FullPlan,
  { refusals, netfilterError }: Omit<Obstacles, 'failures'>,
): (operation: Operation) => boolean {
  if (netfilterError === undefined) return ({ key }) => refusals.get(key)?.protects === true;
  const guarded = !replaceTables && !difference.additions.some(({ set }) => set.startsWith('guarded'));
  return (operation) => operation.key.startsWith('Link/') || (!guarded && switchesForwardingOn(operation));
}
