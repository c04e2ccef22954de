import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { LARGEST_FILE } from './parse.ts';

/** A file's text, or why there is none. */
export type FileContent = { readonly text: string } | { readonly unreadable: string };

/** Reads one manifest file, following a symbolic link. @returns `undefined` where there is none. */
export async function readManifestFile(path: string): Promise<FileContent | undefined> {
  try {
    // A pipe without a writer would keep a blocking open waiting for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readOpened(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      return { unreadable: `cannot be read: ${reasonOf(error)}` };
    }
    // While a tool publishes a new version, its links lead nowhere for a moment: their files are not gone.
    return (await isThere(path)) ? { unreadable: 'is a symbolic link that leads nowhere' } : undefined;
  }
}

async function readOpened(file: FileHandle): Promise<FileContent> {
  const status = await file.stat();
  if (!status.isFile()) return { unreadable: 'is not a regular file' };
  // Room for one byte more than there should be tells whether the file has grown meanwhile.
  let buffer = Buffer.allocUnsafe(Math.min(status.size, LARGEST_FILE) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (bytesRead === 0) break;
    if (length > LARGEST_FILE) return { unreadable: 'Too long: must be no more than 1 MiB' };
    if (length === buffer.length) buffer = Buffer.concat([buffer], LARGEST_FILE + 1);
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length)) };
  } catch {
    return { unreadable: 'must be UTF-8' };
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** A system error in plain words. */
export function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or directory',
    ENOTDIR: 'it is not a directory',
    EACCES: 'permission denied',
    ELOOP: 'its symbolic links lead in a circle',
    EMFILE: 'too many open files',
  };
  return words[code ?? ''] ?? code ?? String(error);
}
