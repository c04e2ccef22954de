import { KINDS, type Kind } from '../api/key.ts';
import type { Instruments } from './instruments.ts';

const RESULTS = ['success', 'error', 'terminal', 'requeue_after', 'blocked'] as const;
/** How the reconciliation of one resource ended. */
export type ReconcileResult = (typeof RESULTS)[number];

const PHASES = ['observe', 'plan', 'apply', 'verify'] as const;
type BatchPhase = (typeof PHASES)[number];

const OPERATIONS = ['create', 'update', 'delete'] as const;
type OperationVerb = (typeof OPERATIONS)[number];

const BLOCKS = ['empty_source', 'unreadable_source', 'threshold'] as const;
/** Why a removal waits for a confirmation. */
type PruneBlock = (typeof BLOCKS)[number];

/** Metrics of reconciling: passes, operations, drift, removals. */
export interface EngineMetrics {
  setBuildInfo(build: { readonly version: string; readonly revision: string }): void;
  /** Counts reconciliations, one unless told otherwise; `error` and `terminal` also as errors. */
  reconciled(kind: Kind, result: ReconcileResult, count?: number): void;
  observeBatch(phase: BatchPhase, seconds: number): void;
  operationsDone(kind: Kind, verb: OperationVerb, count?: number): void;
  /** `Host` for what belongs to no single resource. */
  driftDetected(kind: Kind | 'Host', count?: number): void;
  /** Seconds from the kernel's event to the healed object. */
  observeDriftHeal(seconds: number): void;
  pruned(kind: Kind, count?: number): void;
  pruneBlocked(reason: PruneBlock): void;
  setOrphans(count: number): void;
}

const BATCH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
const HEAL_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 10];

/** Makes the engine's metrics. */
export function createEngineMetrics(instruments: Instruments): EngineMetrics {
  const { counter, gauge, histogram } = instruments;
  const buildInfo = gauge('lxcnet_build_info', 'The running build; always 1.', [
    'version',
    'revision',
    'node_version',
  ]);
  const reconciles = counter('lxcnet_reconcile_total', 'Reconciliations by kind and result.', [
    'kind',
    'result',
  ]);
  const errors = counter('lxcnet_reconcile_errors_total', 'Reconciliations that failed.', ['kind']);
  const batches = histogram(
    'lxcnet_batch_duration_seconds',
    'How long the phases of a batch take.',
    BATCH_BUCKETS,
    ['phase'],
  );
  const operations = counter('lxcnet_batch_operations_total', 'Kernel objects written, by verb.', [
    'kind',
    'op',
  ]);
  const drift = counter('lxcnet_drift_detected_total', 'Changes of the kernel that no manifest asked for.', [
    'kind',
  ]);
  const heal = histogram(
    'lxcnet_drift_heal_seconds',
    "From the kernel's event to the healed object.",
    HEAL_BUCKETS,
  );
  const prunes = counter('lxcnet_prune_total', 'Resources removed because their manifest is gone.', ['kind']);
  const blocked = counter('lxcnet_prune_blocked_total', 'Removals that were held back.', ['reason']);
  const orphans = gauge('lxcnet_orphans', 'Marked kernel objects that nothing declares.');

  for (const kind of KINDS) {
    for (const result of RESULTS) reconciles.inc({ kind, result }, 0);
    for (const op of OPERATIONS) operations.inc({ kind, op }, 0);
    for (const each of [errors, drift, prunes]) each.inc({ kind }, 0);
  }
  drift.inc({ kind: 'Host' }, 0);
  for (const phase of PHASES) batches.start({ phase });
  for (const reason of BLOCKS) blocked.inc({ reason }, 0);
  return {
    setBuildInfo({ version, revision }) {
      buildInfo.clear();
      buildInfo.set({ version, revision, node_version: process.version }, 1);
    },
    reconciled(kind, result, count) {
      reconciles.inc({ kind, result }, count);
      if (result === 'error' || result === 'terminal') errors.inc({ kind }, count);
    },
    observeBatch: (phase, seconds) => batches.observe({ phase }, seconds),
    operationsDone: (kind, op, count) => operations.inc({ kind, op }, count),
    driftDetected: (kind, count) => drift.inc({ kind }, count),
    observeDriftHeal: (seconds) => heal.observe({}, seconds),
    pruned: (kind, count) => prunes.inc({ kind }, count),
    pruneBlocked: (reason) => blocked.inc({ reason }),
    setOrphans: (count) => orphans.set({}, count),
  };
}
