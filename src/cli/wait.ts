import { setTimeout as delay } from 'node:timers/promises';
import { type Key, KINDS, type Kind, parseKey } from '../api/key.ts';
import type { DaemonClient } from './client.ts';
import { parseDuration } from './duration.ts';
import { DaemonUnavailable, RequestRefused } from './http.ts';
import { CommandError, type CommandIo } from './io.ts';
import { printable } from './printable.ts';
import { kindArgument, resourceArgument, resourceName } from './resource-argument.ts';
import { WaitProgress, type WantedCondition } from './wait-progress.ts';

export interface WaitOptions {
  /** `condition=TYPE` or `condition=TYPE=STATUS`. */
  readonly for: string;
  /** `KIND/NAME`…; with `all` kinds, none of them for every kind. */
  readonly resources: readonly string[];
  readonly all?: boolean | undefined;
  /** Default `default`; with `all` every namespace. */
  readonly namespace?: string | undefined;
  /** Default `30s`; `0` looks once. */
  readonly timeout?: string | undefined;
}

/** How long a look without waiting may take. Milliseconds. */
const LONGEST_LOOK = 5000;

/** Between two attempts to reach the daemon. Milliseconds. */
const RETRY_INTERVAL = 200;

/**
 * Blocks until every resource meets a condition, at its present generation. Also waits for a daemon that is starting,
 * and for resources that do not exist yet.
 *
 * @returns The exit status: 1 when the time is over.
 */
export async function waitCommand(
  client: DaemonClient,
  options: WaitOptions,
  io: CommandIo,
): Promise<number> {
  const { timeout = '30s' } = options;
  const milliseconds = parseDuration(timeout);
  if (milliseconds === undefined) {
    throw new CommandError(
      `cannot read the timeout ${JSON.stringify(timeout)}: give a duration such as 30s or 2m`,
    );
  }
  const { kinds, named } = readResources(options);
  const progress = new WaitProgress(readCondition(options.for), named);
  const source = { client, kinds, namespace: options.all ? options.namespace : undefined };
  const deadline = AbortSignal.timeout(milliseconds === 0 ? LONGEST_LOOK : milliseconds);
  const reached = await waitUntilDone(source, progress, { deadline, once: milliseconds === 0 }, io);
  for (const key of reached ? progress.met : []) io.stdout(printable(`${resourceName(key)} condition met`));
  if (!reached) reportUnmet(progress, timeout, io);
  return reached ? 0 : 1;
}

function readCondition(text: string): WantedCondition {
  const match = /^condition=(?<type>[A-Za-z]+)(?:=(?<status>[A-Za-z]+))?$/.exec(text)?.groups;
  if (!match)
    throw new CommandError(`cannot read ${JSON.stringify(text)}: give --for=condition=TYPE[=STATUS]`);
  return { type: match.type!, status: match.status ?? 'True' };
}

function readResources(options: WaitOptions): { kinds: readonly Kind[]; named: readonly Key[] | undefined } {
  const { resources, all = false, namespace = 'default' } = options;
  if (all) {
    const chosen = resources.map((text) => kindArgument(text).kind);
    // Namespaces have no conditions: nothing of them is in the kernel.
    const kinds = (chosen.length > 0 ? chosen : KINDS).filter((kind) => kind !== 'Namespace');
    return { kinds, named: undefined };
  }
  if (resources.length === 0) throw new CommandError('name resources as KIND/NAME, or give --all');
  const named = resources.map((text) => resourceArgument(text, namespace));
  return { kinds: [...new Set(named.map((key) => parseKey(key).kind))], named };
}

interface Source {
  readonly client: DaemonClient;
  readonly kinds: readonly Kind[];
  readonly namespace: string | undefined;
}

interface Limits {
  readonly deadline: AbortSignal;
  /** Look once, and do not wait. */
  readonly once: boolean;
}

/** Lists, then watches, and begins again where the daemon goes meanwhile. */
async function waitUntilDone(
  source: Source,
  progress: WaitProgress,
  { deadline, once }: Limits,
  io: CommandIo,
): Promise<boolean> {
  const timeIsOver = (): boolean => deadline.aborted;
  let told = false;
  while (!timeIsOver()) {
    try {
      const versions = await listAll(source, progress, deadline);
      if (progress.isDone() || once) return progress.isDone();
      await watchAll(source, progress, versions, deadline);
      if (progress.isDone()) return true;
    } catch (error) {
      if (timeIsOver()) return false;
      if (error instanceof DaemonUnavailable && !once) {
        if (!told) io.stderr(error.message);
        told = true;
      } else if (!(error instanceof RequestRefused && error.reason === 'Expired')) throw error;
    }
    await delay(RETRY_INTERVAL, undefined, { signal: deadline }).catch(() => undefined);
  }
  return false;
}

async function listAll(
  { client, kinds, namespace }: Source,
  progress: WaitProgress,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const listings = await Promise.all(kinds.map((kind) => client.list(kind, { namespace }, signal)));
  progress.reset();
  for (const { items } of listings) items.forEach((object) => progress.set(object));
  return listings.map(({ resourceVersion }) => resourceVersion);
}

/** Resolves when the condition is met, a watch ends, or the time is over. */
async function watchAll(
  { client, kinds, namespace }: Source,
  progress: WaitProgress,
  versions: readonly string[],
  deadline: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([deadline, over.signal]);
  const watches = kinds.map((kind, index) =>
    client
      .watch(
        kind,
        { namespace },
        {
          resourceVersion: versions[index]!,
          signal,
          onChange({ type, object }) {
            if (over.signal.aborted) return;
            if (type === 'DELETED') progress.remove(object);
            else progress.set(object);
            if (progress.isDone()) over.abort();
          },
        },
      )
      .finally(() => over.abort()),
  );
  await Promise.all(watches);
}

function reportUnmet(progress: WaitProgress, timeout: string, io: CommandIo): void {
  const { unmet } = progress;
  for (const [key, why] of unmet) {
    io.stderr(printable(`${resourceName(key)}: timed out after ${timeout}: ${why}`));
  }
  if (unmet.length === 0) io.stderr(`timed out after ${timeout}: there are no resources`);
}
