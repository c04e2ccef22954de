import { join, resolve } from 'node:path';
import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { type KernelSession, openKernel } from '../engine/session.ts';
import { formatFieldError } from '../source/field-error.ts';
import { scanDirectory } from '../source/scan.ts';
import { ManifestSource, type Snapshot } from '../source/snapshot.ts';
import { type CommandIo, CommandError } from './io.ts';

/** Reads a manifest directory once. @throws {CommandError} Where it cannot be read. */
export async function readManifests(directory: string, io: CommandIo): Promise<Snapshot> {
  const scan = await scanDirectory(resolve(directory));
  if (scan.state === 'unreadable') throw new CommandError(`Cannot read ${directory}: ${scan.reason}`);
  const snapshot = new ManifestSource().update(scan);
  // Errors name the file as the user would: below the directory that was given.
  for (const error of snapshot.errors)
    io.stderr(formatFieldError({ ...error, file: join(directory, error.file) }));
  return snapshot;
}

/** Runs something with the kernel at hand, and ends the helper programs afterwards. */
export async function withKernel<T>(
  stateDir: string,
  work: (kernel: KernelSession) => Promise<T>,
): Promise<T> {
  if (process.geteuid?.() !== 0) throw new CommandError('Cannot look into the kernel: this needs root');
  const kernel = await openKernel(stateDir);
  try {
    return await work(kernel);
  } finally {
    kernel.close();
  }
}

/** Resources by key, as the reconciler takes them. */
export type ManifestMap = ReadonlyMap<Key, Manifest>;
