export type ConditionType =
  | 'Ready'
  | 'Reconciling'
  | 'Stalled'
  | 'ReferencesResolved'
  | 'Contested'
  | 'ForeignFirewall'
  | 'PruneBlocked';

/** One condition, in Kubernetes' shape. Times are RFC 3339, UTC, to the second. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** The status of one resource. */
export interface Status {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly lastHandledReconcileAt?: string;
}

/** What a reconciliation concluded, before generation and times are added. */
export type ConditionDraft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** kstatus' one word for a resource. */
export type StatusWord = 'Current' | 'InProgress' | 'Failed' | 'Terminating' | 'Unknown';
export const STATUS_WORDS: readonly StatusWord[] = [
  'Current',
  'InProgress',
  'Failed',
  'Terminating',
  'Unknown',
];

/** The word for a resource, as kstatus derives it from generation and conditions. */
export function statusWord(generation: number, status: Status | undefined): StatusWord {
  if (!status || status.conditions.length === 0) return 'Unknown';
  if (status.observedGeneration !== generation) return 'InProgress';
  const isTrue = (type: ConditionType): boolean =>
    status.conditions.some((condition) => condition.type === type && condition.status === 'True');
  if (isTrue('Stalled')) return 'Failed';
  if (isTrue('Reconciling')) return 'InProgress';
  return isTrue('Ready') ? 'Current' : 'InProgress';
}
