import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KINDS, type Key, keyOf } from '../api/key.ts';
import type { Condition } from '../api/status.ts';
import type { LockedError } from '../engine/state-lock.ts';
import type { ApplyOptions } from './apply.ts';
import { report } from './apply-report.ts';
import { type DaemonClient, createClient } from './client.ts';
import { DaemonUnavailable } from './http.ts';
import { CommandError, type CommandIo } from './io.ts';
import { readManifests } from './one-shot.ts';
import { printable } from './printable.ts';
import { RETRY_DELAY } from './settle.ts';

/** A daemon that is being started answers by then. Milliseconds. */
const LONGEST_START = 5_000;

/**
 * Has the daemon, which holds the state directory, do what the manifests say, and waits until every resource is Ready or
 * has failed.
 *
 * @returns the exit status. @throws {CommandError} Where no daemon answers, or it reads another directory.
 */
export async function applyByDaemon(
  options: ApplyOptions,
  locked: LockedError,
  io: CommandIo,
): Promise<number> {
  return reconcileByDaemon(await daemonThatHolds(options, locked), options, io);
}

/** The daemon that holds the state directory. @throws {CommandError} Where none answers, or it reads another directory. */
export async function daemonThatHolds(options: ApplyOptions, locked: LockedError): Promise<DaemonClient> {
  const client = createClient(join(options.runtimeDir, 'lxcnet.sock'));
  await refuseOtherDirectory(client, options, locked);
  return client;
}

/** Has the daemon reconcile, and waits. @returns the exit status. */
export async function reconcileByDaemon(
  client: DaemonClient,
  options: ApplyOptions,
  io: CommandIo,
): Promise<number> {
  const read = await readManifests(options.manifests, options.stateDir, io);
  const deadline = performance.now() + options.timeout;
  const { writes, notes, heldBack } = await client.reconcile({ allowPrune: false, pruneOrphans: false });
  notes.forEach((note) => io.stderr(printable(note)));
  if (heldBack) return 1;
  let conditions = await conditionsOfAll(client);
  const isOpen = (key: Key): boolean => isUndecided(conditions.get(key) ?? []);
  const kept = [...read.desired.values()].filter(({ resource }) => resource.kind !== 'Namespace');
  while (kept.some(({ key }) => isOpen(key)) && performance.now() + RETRY_DELAY < deadline) {
    await delay(RETRY_DELAY);
    conditions = await conditionsOfAll(client);
  }
  return report(options.manifests, read, ({ key }) => conditions.get(key) ?? [], writes, io);
}

async function refuseOtherDirectory(
  client: DaemonClient,
  { manifests, runtimeDir }: ApplyOptions,
  locked: LockedError,
): Promise<void> {
  const its = await untilAnswered(
    () => client.manifests(),
    `${locked.message}, and does not answer in ${runtimeDir}; wait until it is over, or name the daemon's --runtime-dir`,
  );
  const [one, other] = await Promise.all(
    [its, resolve(manifests)].map((path) => realpath(path).catch(() => path)),
  );
  if (one === other) return;
  throw new CommandError(
    `${locked.message}, and keeps the network as the manifests in ${its} say: put them there, or stop it first`,
  );
}

async function untilAnswered<T>(ask: () => Promise<T>, refusal: string): Promise<T> {
  const end = performance.now() + LONGEST_START;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DaemonUnavailable)) throw error;
      if (performance.now() > end) throw new CommandError(refusal);
      await delay(RETRY_DELAY);
    }
  }
}

type Conditions = readonly Condition[];

async function conditionsOfAll(client: DaemonClient): Promise<ReadonlyMap<Key, Conditions>> {
  const lists = await Promise.all(KINDS.map((kind) => client.list(kind)));
  return new Map(
    lists
      .flatMap(({ items }) => items)
      .map(({ kind, metadata: { namespace = '', name }, status }) => [
        keyOf(kind, namespace, name),
        status.conditions,
      ]),
  );
}

/** Whether it may still become ready by itself. */
function isUndecided(conditions: Conditions): boolean {
  const statusOf = (type: Condition['type']): string | undefined =>
    conditions.find((condition) => condition.type === type)?.status;
  return [undefined, 'False'].includes(statusOf('Ready')) && statusOf('Stalled') !== 'True';
}
