import type { Condition, ConditionDraft, ConditionType } from '../api/status.ts';

const ORDER: readonly ConditionType[] = [
  'Ready',
  'Reconciling',
  'Stalled',
  'ReferencesResolved',
  'Contested',
  'ForeignFirewall',
  'PruneBlocked',
];

const ONLY_WHILE_TRUE: ReadonlySet<ConditionType> = new Set<ConditionType>([
  'Reconciling',
  'Stalled',
  'Contested',
  'ForeignFirewall',
  'PruneBlocked',
]);

/**
 * Adds generation and times to what a reconciliation concluded. The transition time moves only when `status` does.
 *
 * @param now RFC 3339, to the second.
 */
export function stampConditions(
  drafts: readonly ConditionDraft[],
  before: readonly Condition[],
  observedGeneration: number,
  now: string,
): readonly Condition[] {
  return drafts
    .filter(({ type, status }) => status === 'True' || !ONLY_WHILE_TRUE.has(type))
    .toSorted((one, other) => ORDER.indexOf(one.type) - ORDER.indexOf(other.type))
    .map(({ type, status, reason, message }) => {
      const last = before.find((condition) => condition.type === type);
      const lastTransitionTime = last?.status === status ? last.lastTransitionTime : now;
      return { type, status, reason, message, lastTransitionTime, observedGeneration };
    });
}

/** Whether two lists of conditions say the same. */
export function sameConditions(one: readonly Condition[], other: readonly Condition[]): boolean {
  return (
    one.length === other.length &&
    one.every((condition, index) => {
      const counterpart = other[index]!;
      return (
        condition.type === counterpart.type &&
        condition.status === counterpart.status &&
        condition.reason === counterpart.reason &&
        condition.message === counterpart.message &&
        condition.observedGeneration === counterpart.observedGeneration
      );
    })
  );
}

/** Whether an object is Ready. */
export function isReady({
  status,
}: {
  readonly status: { readonly conditions: readonly Condition[] };
}): boolean {
  return status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
