import type { Key } from '../api/key.ts';
import type { Failure, Operation } from '../kernel/command.ts';
import type { Observed } from '../kernel/observed.ts';
import type { ElementTable } from '../netfilter/elements.ts';
import type { FilterWrite } from './filter-drift.ts';
import type { Refusal } from './filter-writer.ts';
import type { FullPlan } from './planner.ts';

/* What one pass is told, and what it tells. */

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
