import { join } from 'node:path';
import { Inventory } from '../engine/inventory.ts';
import { SavedState } from '../engine/saved-state.ts';
import { LockedError } from '../engine/state-lock.ts';
import { LONGEST_TRIAL, TrialFile, lasting, newTrial } from '../engine/trial.ts';
import { bootId } from '../kernel/boot.ts';
import { type ApplyOptions, applyAlone } from './apply.ts';
import { daemonThatHolds, reconcileByDaemon } from './apply-by-daemon.ts';
import { earlierTrial } from './earlier-trial.ts';
import { endTrial } from './end-trial.ts';
import { untilEnded } from './go-back.ts';
import { CommandError, type CommandIo } from './io.ts';
import { readManifests, withLock } from './one-shot.ts';
import { startGuard } from './trial-guard.ts';
import { openPrompt } from './trial-prompt.ts';

export interface TrialOptions extends ApplyOptions {
  /** How long it is on trial. Milliseconds. */
  readonly confirm: number;
}

/** Manifests that are in force until their trial ends. */
interface OnTrial {
  readonly id: string;
  /** The exit status, where it is confirmed. */
  readonly status: number;
}

/**
 * Makes the kernel as the manifests say, and as it was before unless that is confirmed in time; whatever becomes of this
 * process, of its terminal, and of the daemon.
 *
 * @returns 0 where it was confirmed and every resource is Ready, 1 otherwise.
 */
export async function applyOnTrial(options: TrialOptions, io: CommandIo): Promise<number> {
  if (options.confirm < 1 || options.confirm > LONGEST_TRIAL)
    throw new CommandError('--confirm takes a duration of at most 24h, such as 60s');
  const prompt = openPrompt(io);
  try {
    const { id, status } = await begin(options, io);
    io.stdout(
      `on trial for ${options.confirm / 1000} s: to keep it, press Enter, or run 'lxcnet apply --confirmed' elsewhere; to go back at once, Ctrl-C`,
    );
    prompt.ask((keep) => {
      endTrial(keep, options, io).catch((error: unknown) =>
        io.stderr(`lxcnet: ${error instanceof Error ? error.message : String(error)}`),
      );
    });
    const wentBack = await untilEnded(id, options, io);
    io[wentBack ? 'stderr' : 'stdout'](wentBack ? WENT_BACK : CONFIRMED);
    return wentBack ? 1 : status;
  } finally {
    prompt.close();
  }
}

/** Keeps what is on trial, and says so. @returns 0. @throws {CommandError} Where nothing is on trial any more. */
export async function confirmTrial(options: ApplyOptions, io: CommandIo): Promise<number> {
  await endTrial(true, options, io);
  io.stdout(CONFIRMED);
  return 0;
}

const CONFIRMED = 'confirmed: it stays';
const WENT_BACK =
  'lxcnet: not confirmed: what was in force before is back, and these manifests do not count until they change';

async function begin(options: TrialOptions, io: CommandIo): Promise<OnTrial> {
  try {
    return await withLock(options.stateDir, io, () => beginAlone(options, io));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    return beginByDaemon(options, error, io);
  }
}

async function beginAlone(options: TrialOptions, io: CommandIo): Promise<OnTrial> {
  const { stateDir, confirm } = options;
  await earlierTrial(options, io);
  const read = await readManifests(options.manifests, stateDir, io);
  const file = new TrialFile(stateDir);
  const trial = await newTrial(await inForceBefore(stateDir), read.snapshot.revision, confirm);
  // All that is needed to go back is on disk, and somebody watches, before anything is changed.
  await file.write(trial);
  await startGuard(trial.id, options).catch(async (error: unknown) => {
    await file.remove();
    throw error;
  });
  try {
    const status = await applyAlone(options, read, io);
    await file.write(lasting(trial, confirm));
    return { id: trial.id, status };
  } catch (error) {
    await file.write(lasting(trial, 0));
    throw error;
  }
}

/** @throws {CommandError} Where it is not known. */
async function inForceBefore(stateDir: string): Promise<Readonly<Record<string, string>>> {
  const { sources } = await new SavedState(stateDir).load();
  const inventory = await Inventory.load(join(stateDir, 'inventory.json'), await bootId());
  if (Object.keys(sources).length === 0 && inventory.all().length > 0)
    throw new CommandError(
      `what is in force now, and would come back, is not known in ${stateDir}: run 'lxcnet apply' without --confirm first`,
    );
  return sources;
}

/** The daemon has carried out what its directory says already; what is edited from now on is on trial. */
async function beginByDaemon(options: TrialOptions, locked: LockedError, io: CommandIo): Promise<OnTrial> {
  const client = await daemonThatHolds(options, locked);
  const id = await client.beginTrial(options.confirm);
  // Nothing is on trial yet, so keeping it changes nothing.
  await startGuard(id, options).catch(async (error: unknown) => {
    await client.endTrial(true);
    throw error;
  });
  io.stdout(
    `the daemon keeps the network as ${options.manifests} says: what it has carried out comes back, and what is edited from now on is on trial`,
  );
  return { id, status: await reconcileByDaemon(client, options, io) };
}
