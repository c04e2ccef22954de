import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_LXC_PATH, type LxcContainer } from '../api/lxc-container.ts';
import type { StartVerdict } from '../engine/ports.ts';
import type { LxcProcess } from '../kernel/lxc.ts';
import { namespaceIdentity } from '../kernel/namespace-identity.ts';
import { parseDuration } from './duration.ts';
import { appendToLxcLog, hookContainer } from './hook-container.ts';
import { DaemonDown, type HookDaemon, NoPermission, hookDaemon } from './hook-daemon.ts';
import type { Finding } from './hook-alone.ts';
import { CommandError, type CommandIo } from './io.ts';
import { printable } from './printable.ts';

export interface HookOptions {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  /** Whether a container that no Link names may start. */
  readonly optional: boolean;
  /** What becomes of a container that cannot be verified, or is not as it should be, while the daemon does not answer. */
  readonly onDaemonDown: 'start' | 'fail';
  readonly timeout: string;
}

/** By the names that LXC gives them. */
export type Hook = 'pre-start' | 'start-host' | 'post-stop';

/** How long the daemon is given to come back where it is being started again. Milliseconds. */
const RESTART = 2_000;
const RETRY = 50;
/** A question near the deadline is given this long: a daemon that is busy is not one that is down. Milliseconds. */
const SHORTEST_QUESTION = 2_000;
const NEEDS_ROOT =
  'Hooks look into the filter, and need root: leave them out of the configuration of a container that a user starts';

interface Scene {
  readonly options: HookOptions;
  readonly container: LxcContainer;
  readonly daemon: HookDaemon;
  /** By the monotonic clock, in milliseconds. */
  readonly deadline: number;
}

/** Why a container must not start, in one line that says what to do. */
class Refused extends CommandError {}

/** Runs a hook of LXC's. @returns the exit status: anything but 0 stops the container's start. */
export async function hook(
  which: Hook,
  options: HookOptions,
  io: CommandIo,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const container = await hookContainer(environment);
  const daemon = hookDaemon(join(options.runtimeDir, 'lxcnet.sock'));
  const timeout = parseDuration(options.timeout);
  if (timeout === undefined)
    throw new CommandError(
      `cannot read the timeout ${JSON.stringify(options.timeout)}: give, for example, 30s`,
    );
  const scene = { options, container, daemon, deadline: performance.now() + timeout };
  const tell = async (text: string): Promise<void> => {
    const line = printable(`lxcnet hook ${which}: container ${container.name}: ${text}`);
    io.stderr(line);
    await appendToLxcLog(environment, line);
  };
  try {
    const warning = await HANDLERS[which](scene, environment);
    if (warning !== undefined) await tell(warning);
    return 0;
  } catch (error) {
    await tell(`not started: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** @returns a warning; throws where the container must not start. */
type Handler = (scene: Scene, environment: NodeJS.ProcessEnv) => Promise<string | undefined>;

const HANDLERS: Readonly<Record<Hook, Handler>> = {
  'pre-start': preStart,
  'start-host': startHost,
  'post-stop': postStop,
};

function preStart(scene: Scene): Promise<string | undefined> {
  const { container, daemon, options } = scene;
  return untilNothingIsMissing(
    scene,
    () => daemon.beforeStart(container),
    async () => {
      const { missingWithoutDaemon } = await import('./hook-alone.ts');
      return missingWithoutDaemon(container, options);
    },
  );
}

function startHost(scene: Scene, { LXC_PID: text }: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { container, daemon, options, deadline } = scene;
  const process = namedProcess(text);
  return untilNothingIsMissing(
    scene,
    () => {
      const within = Math.max(SHORTEST_QUESTION, Math.ceil(deadline - performance.now()));
      return daemon.started(container, process, within);
    },
    async () => {
      const { unfinishedWithoutDaemon } = await import('./hook-alone.ts');
      return unfinishedWithoutDaemon(container, process, options);
    },
  );
}

async function postStop({ daemon, container }: Scene): Promise<undefined> {
  // A daemon that is not there now will see by itself that the container is not there either.
  await daemon.stopped(container).catch(() => undefined);
}

/** @throws {Refused} Where a Link has to name the container: none does. */
function requireLink({ options, container }: Scene): void {
  if (options.optional) return;
  const { name, path } = container;
  const fields = `{lxc: ${name}${path === DEFAULT_LXC_PATH ? '' : `, lxcPath: ${path}`}}`;
  throw new Refused(
    `no Link has \`container: ${fields}\`: write one into ${options.manifests}, or use the hook with --optional`,
  );
}

function namedProcess(text: string | undefined): LxcProcess {
  const identity = namespaceIdentity(`/proc/${text}/ns/net`);
  if (text === undefined || !/^[1-9]\d*$/.test(text) || identity === undefined)
    throw new CommandError(`LXC_PID, ${JSON.stringify(text)}, is not a process: is this start-host?`);
  return { pid: Number(text), identity };
}

/**
 * Asks until nothing is missing: the daemon where it answers, else alone, and the daemon again in case that it is just
 * being started again.
 */
async function untilNothingIsMissing(
  scene: Scene,
  ask: () => Promise<StartVerdict>,
  askAlone: () => Promise<Finding>,
): Promise<string | undefined> {
  const { options, deadline, container } = scene;
  let downSince: number | undefined;
  let aloneSaid = '';
  for (;;) {
    let missing: string | undefined;
    try {
      missing = missingBy(await ask(), scene);
      downSince = undefined;
      if (missing === undefined) return undefined;
    } catch (error) {
      // Who may not ask the daemon may not look into the kernel either.
      if (error instanceof NoPermission) return unverified(options, error.message, NEEDS_ROOT);
      if (!(error instanceof DaemonDown)) throw error;
      missing = error.message;
      if (downSince === undefined) {
        const found = await askAlone();
        if (!found.named) requireLink(scene);
        if (found.missing === undefined) return undefined;
        aloneSaid = found.missing;
        // Not before: on a busy machine the look alone takes as long as the daemon has.
        downSince = performance.now();
      }
      if (performance.now() > Math.min(deadline, downSince + RESTART)) {
        const isRoot = process.geteuid?.() === 0;
        const remedy = isRoot ? 'Start it (systemctl start lxcnet), then the container' : NEEDS_ROOT;
        return unverified(options, `${aloneSaid}; ${error.message}`, remedy);
      }
    }
    if (performance.now() > deadline) {
      const hint = `see 'lxcnet get links' and 'lxcnet events' for what becomes of ${container.name}`;
      throw new Refused(`${missing}, and that for ${options.timeout}: ${hint}`);
    }
    await delay(RETRY);
  }
}

/** What is missing by the daemon's word; nothing where the container may go on. @throws {Refused} Where it may not. */
function missingBy(answer: StartVerdict, scene: Scene): string | undefined {
  switch (answer.verdict) {
    case 'go':
      return undefined;
    case 'unnamed':
      requireLink(scene);
      return undefined;
    case 'wait':
      return answer.reason;
    case 'never':
      throw new Refused(answer.reason);
    default:
      return 'the daemon is that of another version of lxcnet, and has to be started again';
  }
}

/** @returns the warning, where a container that could not be verified starts all the same. @throws {Refused} Where it does not. */
function unverified({ onDaemonDown }: HookOptions, why: string, remedy: string): string {
  if (onDaemonDown === 'fail') throw new Refused(`${why} ${remedy}`);
  return `started all the same, as --on-daemon-down=start says: ${why}`;
}
