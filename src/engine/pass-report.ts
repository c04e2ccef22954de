import { type Key, displayKey, parseKey } from '../api/key.ts';
import type { Operation } from '../kernel/command.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { EventLog } from './event-log.ts';
import type { PassResult } from './reconciler.ts';

interface Reporters {
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Tells what a pass did: log, events, metrics. What was done to a resource that was ready, and whose manifest did not
 * change, is drift that was put right.
 */
export function reportPass(
  { events, metrics, logger }: Reporters,
  result: PassResult,
  before: PassResult | undefined,
  isExpected: (key: Key) => boolean,
): void {
  for (const [key, operations] of Map.groupBy(result.done, (operation) => operation.key)) {
    const { kind } = parseKey(key);
    for (const { verb } of operations) metrics.operationsDone(kind, verb);
    const removal = !result.plan.plans.has(key);
    const drift = !removal && !isExpected(key);
    if (drift) metrics.driftDetected(kind, operations.length);
    const reason = removal ? 'Removed' : drift ? 'DriftCorrected' : 'Configured';
    const message = summary(operations);
    events.record({ key, type: 'Normal', reason, message });
    logger.info(
      `${reason === 'Removed' ? 'removed' : drift ? 'corrected drift of' : 'configured'} ${displayKey(key)}`,
      { operations: message },
    );
  }
  if (result.elements > 0) {
    logger.info('changed the filter', {
      elements: result.elements,
      tables: result.tablesReplaced ? 'made anew' : 'kept',
    });
  }
  for (const [key, { operation, message }] of result.failures) {
    events.record({
      key,
      type: 'Warning',
      reason: 'ReconciliationFailed',
      message: `${operation.object}: ${message}`,
    });
    logger.warn(`the kernel refused ${operation.object}`, { resource: displayKey(key), reason: message });
  }
  if (result.netfilterError !== undefined) {
    events.record({ type: 'Warning', reason: 'NetfilterFailed', message: result.netfilterError });
    logger.error('nft refused the transaction; the old rules stay in force', {
      reason: result.netfilterError,
    });
  }
  if (result.flowProblem !== undefined) {
    const message = `running UDP flows stay where their forward led before: ${result.flowProblem}`;
    events.record({ type: 'Warning', reason: 'FlowsNotMoved', message });
    logger.warn(message);
  }
  const knownBefore = new Set(noted(before).map(({ key, message }) => `${key} ${message}`));
  for (const { key, reason, message } of noted(result)) {
    if (!knownBefore.has(`${key} ${message}`)) {
      events.record({ key, type: 'Warning', reason, message });
      logger.warn(`${displayKey(key)}: ${message}`);
    }
  }
  metrics.setOrphans(result.plan.leftovers.orphans.length);
}

/** Everything that users should know of resources that may be ready all the same. */
function noted(result: PassResult | undefined): { key: Key; reason: string; message: string }[] {
  if (!result) return [];
  const { notes, foreignDrops } = result.plan;
  return [
    ...[...notes].flatMap(([key, list]) => list.map((note) => ({ key, ...note }))),
    ...[...foreignDrops].map(([key, message]) => ({ key, reason: 'ForeignFirewall', message })),
  ];
}

function summary(operations: readonly Operation[]): string {
  const texts = operations.map(({ verb, object, field, from, to }) =>
    field === undefined ? `${verb}d ${object}` : `${object}: ${field} '${from ?? ''}' → '${to ?? ''}'`,
  );
  return texts.length <= 6
    ? texts.join('; ')
    : `${texts.slice(0, 5).join('; ')}; and ${texts.length - 5} more`;
}
