import { displayKey } from '../api/key.ts';
import type { Key } from '../api/key.ts';
import type { FieldError } from '../source/field-error.ts';
import type { Manifest } from '../api/resource.ts';
import type { ConditionDraft } from '../api/status.ts';
import type { ReconcileResult } from '../telemetry/engine-metrics.ts';
import { needsFilter } from './facts.ts';
import { isSuspended } from './planner.ts';
import type { PassResult } from './pass.ts';

/** What a pass says of one resource. */
export interface Verdict {
  readonly conditions: readonly ConditionDraft[];
  readonly result: ReconcileResult;
  /** Whether another attempt is to be made by itself. */
  readonly retry: boolean;
}

type Draft = Pick<ConditionDraft, 'reason' | 'message'>;

const draft = (
  type: ConditionDraft['type'],
  status: ConditionDraft['status'],
  { reason, message }: Draft,
): ConditionDraft => ({
  type,
  status,
  reason,
  message,
});

/** The conditions of a resource after a pass. */
export function verdictOf(
  manifest: Manifest,
  pass: PassResult,
  invalid: readonly FieldError[] | undefined,
  contested: readonly string[] = [],
  pruneBlocked?: Draft,
): Verdict {
  const { key, resource } = manifest;
  const plan = pass.plan.plans.get(key);
  const drops = pass.plan.foreignDrops.get(key);
  const besides = [
    ...(plan?.references ? [plan.references] : []),
    ...(drops === undefined
      ? []
      : [draft('ForeignFirewall', 'True', { reason: 'DropsAllowedTraffic', message: drops })]),
    ...(contested.length === 0
      ? []
      : [draft('Contested', 'True', { reason: 'RewrittenByOthers', message: contestedMessage(contested) })]),
  ];
  if (pruneBlocked) besides.push(draft('PruneBlocked', 'True', pruneBlocked));
  if (invalid?.length) {
    const message = `${invalid.map((error) => error.message).join('; ')}; the last good version stays in force`;
    return stalled({ reason: 'InvalidSpec', message }, besides);
  }
  if (isSuspended(resource)) {
    const why = { reason: 'Suspended', message: 'the annotation lxcnet.dev/reconcile says disabled' };
    return { conditions: [draft('Ready', 'Unknown', why)], result: 'blocked', retry: false };
  }
  const refusal = pass.refusals.get(key);
  if (refusal) return failed(refusal.object, refusal.words, besides);
  if (plan?.obstacle?.stalled) return stalled(plan.obstacle, besides);
  const failure = pass.failures.get(key);
  if (failure?.operation.stage === 'resolve') {
    // It has its own times for another attempt, so that nothing else of the bridge waits for them.
    return { ...failed(failure.operation.object, failure.message, besides), retry: false };
  }
  if (failure) return failed(failure.operation.object, failure.message, besides);
  if (plan?.obstacle) {
    return {
      conditions: [draft('Ready', 'False', plan.obstacle), ...besides],
      result: 'blocked',
      retry: false,
    };
  }
  if (pass.netfilterError !== undefined && needsFilter(key)) {
    return failed('netfilter', pass.netfilterError, besides);
  }
  const open = plan?.operations.find(({ commands }) => commands.length > 0);
  if (contested.length > 0 && (open || isFilterWrong(key, pass))) {
    const why = { reason: 'Contested', message: contestedMessage(contested) };
    return { conditions: [draft('Ready', 'False', why), ...besides], result: 'requeue_after', retry: false };
  }
  if (open) {
    const detail =
      open.field === undefined ? '' : `: ${open.field} is '${open.from ?? ''}', not '${open.to ?? ''}'`;
    return failed(open.object, `the kernel does not keep it${detail}`, besides);
  }
  const notes = pass.plan.notes.get(key) ?? [];
  const message = [readyMessage(key), ...notes.map((note) => note.message)].join('; ');
  const why = { reason: 'ReconciliationSucceeded', message };
  return { conditions: [draft('Ready', 'True', why), ...besides], result: 'success', retry: false };
}

function contestedMessage(contested: readonly string[]): string {
  return `something else keeps rewriting ${contested.join(', ')}; lxcnet tries again less and less often, at least once a minute, and at once after 'lxcnet reconcile'`;
}

/** Whether the tables are not ours, something strange is in them, or an element of this resource is missing. */
function isFilterWrong(key: Key, { plan: { netfilter } }: PassResult): boolean {
  const { difference, replaceTables } = netfilter;
  return (
    needsFilter(key) &&
    (replaceTables ||
      difference.removals.length > 0 ||
      difference.additions.some(({ owner }) => owner === key))
  );
}

function readyMessage(key: Key): string {
  return `${displayKey(key)} is in the kernel as specified`;
}

function stalled(why: Draft, references: readonly ConditionDraft[]): Verdict {
  return {
    conditions: [draft('Ready', 'False', why), draft('Stalled', 'True', why), ...references],
    result: 'terminal',
    retry: false,
  };
}

/** What the kernel says of a request that no repetition will make good. */
const FINAL_WORDS: readonly (readonly [RegExp, 'PermissionDenied' | 'UnsupportedByKernel'])[] = [
  [/operation not permitted|permission denied/i, 'PermissionDenied'],
  [/not support|unknown device type/i, 'UnsupportedByKernel'],
];

function failed(object: string, words: string, references: readonly ConditionDraft[]): Verdict {
  const message = `${object}: ${words}`;
  const final = FINAL_WORDS.find(([pattern]) => pattern.test(words));
  if (final) return { ...stalled({ reason: final[1], message }, references), retry: true };
  const conditions = [
    draft('Ready', 'False', { reason: 'ReconciliationFailed', message }),
    draft('Reconciling', 'True', { reason: 'ProgressingWithRetry', message }),
    ...references,
  ];
  return { conditions, result: 'error', retry: true };
}
