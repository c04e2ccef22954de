import { closeSync, fdatasync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const datasync = promisify(fdatasync);

/**
 * Reads a JSON file of the daemon's own.
 *
 * @returns `undefined` where there is none, or where it is not JSON (a disk that was full, a crash in an old version).
 */
export async function readState(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole: a reader, or a crash, sees the old content or the new one. @throws {Error} From the disk. */
export async function writeState(path: string, value: unknown): Promise<void> {
  // All but the disk itself takes microseconds: handed to another thread, each step waits until a busy machine has time for it.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(file, JSON.stringify(value));
    await datasync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
