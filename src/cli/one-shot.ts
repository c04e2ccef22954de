import { join, resolve } from 'node:path';
import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { isRetained } from '../engine/removal-gate.ts';
import { retainedTexts, splitRetained } from '../engine/retained.ts';
import { SavedState } from '../engine/saved-state.ts';
import { type KernelSession, type OwnDirectories, openKernel } from '../engine/session.ts';
import { StateLock } from '../engine/state-lock.ts';
import { formatFieldError } from '../source/field-error.ts';
import { scanDirectory } from '../source/scan.ts';
import { ManifestSource, type Snapshot } from '../source/snapshot.ts';
import { type CommandIo, CommandError } from './io.ts';

/** A look at the manifests, and what else is in force without them. */
export interface ReadManifests {
  readonly snapshot: Snapshot;
  /** What is to be in force: what the manifests say, and what stays without one. */
  readonly desired: ManifestMap;
  /** To be saved when they are in force. */
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Reads a manifest directory once. As in the daemon, what cannot be read keeps what it last said.
 *
 * @throws {CommandError} Where the directory cannot be read.
 */
export async function readManifests(
  directory: string,
  stateDir: string,
  io: CommandIo,
): Promise<ReadManifests> {
  const scan = await scanDirectory(resolve(directory));
  if (scan.state === 'unreadable') throw new CommandError(`Cannot read ${directory}: ${scan.reason}`);
  const { files, retained } = splitRetained((await new SavedState(stateDir).load()).sources);
  const source = new ManifestSource();
  source.restore(files);
  const before = [...retained, ...source.lastGood().values()];
  const snapshot = source.update(scan);
  const staying = before.filter((one) => isRetained(one) && !snapshot.manifests.has(one.key));
  // Errors name the file as the user would: below the directory that was given.
  for (const error of snapshot.errors)
    io.stderr(formatFieldError({ ...error, file: join(directory, error.file) }));
  return {
    snapshot,
    desired: new Map([...staying.map((one) => [one.key, one] as const), ...snapshot.manifests]),
    texts: { ...source.serialize(), ...retainedTexts(staying) },
  };
}

/** Does something while nobody else works with the state directory. @throws {LockedError} */
export async function withLock<T>(stateDir: string, io: CommandIo, work: () => Promise<T>): Promise<T> {
  const lock = await StateLock.acquireIfPossible(stateDir, ({ message }) =>
    io.stderr(`lxcnet: the state directory cannot be locked, and it goes on without: ${message}`),
  );
  try {
    return await work();
  } finally {
    await lock?.release();
  }
}

/** Runs something with the kernel at hand, and ends the helper programs afterwards. */
export async function withKernel<T>(
  directories: OwnDirectories,
  work: (kernel: KernelSession) => Promise<T>,
): Promise<T> {
  if (process.geteuid?.() !== 0) throw new CommandError('Cannot look into the kernel: this needs root');
  const kernel = await openKernel(directories);
  try {
    return await work(kernel);
  } finally {
    kernel.close();
  }
}

/** Resources by key, as the reconciler takes them. */
export type ManifestMap = ReadonlyMap<Key, Manifest>;
