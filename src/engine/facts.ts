import { type Key, parseKey } from '../api/key.ts';
import type { Operation } from '../kernel/command.ts';
import { type Observed, interfaceMarkedFor } from '../kernel/observed.ts';
import { isEmptyDifference } from '../netfilter/difference.ts';
import type { Fact } from './contention.ts';
import { TABLES_FACT, elementFact } from './filter-drift.ts';
import type { NetfilterPlan } from './planner.ts';

/** Whether a resource is nothing without the filter. */
export function needsFilter(key: Key): boolean {
  return !['Route', 'Namespace'].includes(parseKey(key).kind);
}

type HoldsBack = (fact: string) => boolean;

/** Fields of a port without which siblings reach each other past the filter. */
const PROTECTING_FIELDS = ['isolated', 'master'];

/** What an operation puts right. */
export function factOf({ key, object, field, verb }: Operation): Fact {
  return {
    id: `${key} ${object} ${field ?? verb}`,
    text: `${object}${field === undefined ? '' : `: ${field}`}`,
    owner: key,
    protects: PROTECTING_FIELDS.includes(field ?? ''),
  };
}

/** Whether it makes the host forward; without the filter it would for everybody. */
export function switchesForwardingOn({ commands }: Operation): boolean {
  return commands.some(
    (command) =>
      command.tool === 'sysctl' &&
      command.value === '1' &&
      /(^|[/_])(ip_forward|forwarding)$/.test(command.path),
  );
}

/** Without the operations that are held back; and without all of a bridge whose interface may not be made. */
export function allowedOperations(operations: readonly Operation[], holdsBack: HoldsBack): Operation[] {
  const heldBack = operations.filter((operation) => holdsBack(factOf(operation).id));
  if (heldBack.length === 0) return [...operations];
  const without = new Set(heldBack.filter(({ stage }) => stage === 'create').map(({ key }) => key));
  return operations.filter((operation) => !heldBack.includes(operation) && !without.has(operation.key));
}

/** What may be changed of the filter. */
export interface AllowedFilter extends NetfilterPlan {
  /** Whether the filter is as desired after that. */
  readonly complete: boolean;
}

export function allowedFilter(
  { desired, difference, replaceTables }: NetfilterPlan,
  holdsBack: HoldsBack,
): AllowedFilter {
  if (replaceTables) {
    const allowed = !holdsBack(TABLES_FACT);
    const nothing = { additions: [], removals: [] };
    return { desired, difference: allowed ? difference : nothing, replaceTables: allowed, complete: allowed };
  }
  if (isEmptyDifference(difference)) return { desired, difference, replaceTables, complete: true };
  const additions = difference.additions.filter((element) => !holdsBack(elementFact(element)));
  const removals = difference.removals.filter((element) => !holdsBack(elementFact(element)));
  const complete =
    additions.length === difference.additions.length && removals.length === difference.removals.length;
  return { desired, difference: { additions, removals }, replaceTables, complete };
}

/**
 * Whether an operation on this resource was a correction. What a container's start and end bring about is none: its link
 * has another interface then, whoever made it; nor is what follows a change of other resources.
 */
export function isCorrection(
  { key, follows }: Operation,
  now: Observed,
  before: Observed | undefined,
): boolean {
  if (follows) return false;
  if (parseKey(key).kind !== 'Link') return true;
  const indexIn = (observed: Observed | undefined): number | undefined =>
    observed && interfaceMarkedFor(observed.host, key)?.index;
  return indexIn(now) === indexIn(before);
}

/** Whether the container of a link that ran then has ended, or is another one now: with that comes a namespace of its own. */
export function isAnotherContainer(key: Key, before: Observed, now: Observed): boolean {
  const [earlier, container] = [before.containers.get(key), now.containers.get(key)];
  if (earlier?.state !== 'running') return false;
  // Old kernels have no cookies.
  const isSame =
    container?.state === 'running' &&
    container.identity === earlier.identity &&
    container.cookie === earlier.cookie;
  return !isSame;
}

/** The links of which that is so. */
export function replacedContainers(before: Observed | undefined, now: Observed): Key[] {
  if (!before || before.containers === now.containers) return [];
  return [...now.containers.keys()].filter((key) => isAnotherContainer(key, before, now));
}
