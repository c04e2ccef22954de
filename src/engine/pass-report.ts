import { type Key, displayKey, parseKey } from '../api/key.ts';
import type { Operation } from '../kernel/command.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { EventLog } from './event-log.ts';
import { type FilterDrift, filterDrift } from './filter-drift.ts';
import type { Refusal } from './filter-writer.ts';
import type { PassResult } from './pass.ts';

interface Reporters {
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Tells what a pass did: log, events, metrics.
 *
 * @param isCorrection Whether what was done to a resource is drift that was put right.
 * @param writers Who has changed our tables since the pass before, in words.
 * @returns what somebody else had changed in the filter.
 */
export function reportPass(
  { events, metrics, logger }: Reporters,
  result: PassResult,
  before: PassResult | undefined,
  isCorrection: (key: Key) => boolean,
  writers?: string,
): readonly FilterDrift[] {
  for (const [key, operations] of Map.groupBy(result.done, (operation) => operation.key)) {
    const { kind } = parseKey(key);
    for (const { verb } of operations) metrics.operationsDone(kind, verb);
    const removal = !result.plan.plans.has(key);
    const corrections = operations.filter(({ follows }) => !follows);
    const drift = !removal && corrections.length > 0 && isCorrection(key);
    if (drift) metrics.driftDetected(kind, corrections.length);
    const reason = removal ? 'Removed' : drift ? 'DriftCorrected' : 'Configured';
    const message = summary(operations);
    events.record({ key, type: 'Normal', reason, message });
    logger.info(
      `${reason === 'Removed' ? 'removed' : drift ? 'corrected drift of' : 'configured'} ${displayKey(key)}`,
      { operations: message },
    );
  }
  for (const { difference, tables } of result.filter) {
    const elements = difference.additions.length + difference.removals.length;
    logger.info('changed the filter', { elements, tables: tables === 'kept' ? 'kept' : 'made anew' });
  }
  const drifts = reportFilterDrift(result, before, writers, { events, metrics, logger });
  for (const [key, { operation, message }] of result.failures) {
    events.record({
      key,
      type: 'Warning',
      reason: 'ReconciliationFailed',
      message: `${operation.object}: ${message}`,
    });
    logger.warn(`the kernel refused ${operation.object}`, { resource: displayKey(key), reason: message });
  }
  for (const [key, refusal] of result.refusals) {
    const message = refusalText(refusal);
    const earlier = before?.refusals.get(key);
    if (earlier && message === refusalText(earlier)) continue;
    events.record({ key, type: 'Warning', reason: 'ReconciliationFailed', message });
    logger.warn(`a part of the filter was refused for ${displayKey(key)}`, { reason: message });
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
  return drifts;
}

const refusalText = ({ object, words }: Refusal): string => `${object}: ${words}`;

/** What somebody else had changed in the filter belongs to the resource for which it is there, or to the host. */
function reportFilterDrift(
  result: PassResult,
  before: PassResult | undefined,
  writers: string | undefined,
  { events, metrics, logger }: Reporters,
): readonly FilterDrift[] {
  const by = writers === undefined ? '' : `; changed by ${writers}`;
  const drifts = filterDrift(result.filter, before?.inForce);
  for (const [owner, some] of Map.groupBy(drifts, (drift) => drift.owner)) {
    metrics.driftDetected(owner === undefined ? 'Host' : parseKey(owner).kind, some.length);
    const message = `${shortened(some.map(({ text }) => text))}${by}`;
    const key = owner !== undefined && { key: owner };
    events.record({ ...key, type: 'Normal', reason: 'DriftCorrected', message });
    logger.info(`corrected drift of ${owner === undefined ? 'the filter' : displayKey(owner)}`, {
      operations: message,
    });
  }
  return drifts;
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
  return shortened(texts);
}

function shortened(texts: readonly string[]): string {
  return texts.length <= 6
    ? texts.join('; ')
    : `${texts.slice(0, 5).join('; ')}; and ${texts.length - 5} more`;
}
