import { createHash } from 'node:crypto';
import { open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LARGEST_FILE } from './parse.ts';

/** A file's text, or why there is none. */
export type FileContent = { readonly text: string } | { readonly unreadable: string };

/** What one look at the directory found. */
export type Scan =
  | {
      readonly state: 'read';
      readonly root: string;
      /** By path below the root, in order. */
      readonly files: ReadonlyMap<string, FileContent>;
      /** SHA-256 over paths and contents. */
      readonly digest: string;
    }
  | { readonly state: 'unreadable'; readonly reason: string };

const MOST_FILES = 10_000;
const ATTEMPTS = 5;
const MANIFEST = /\.(yaml|yml|json)$/;

/**
 * Reads every manifest below a directory. A GitOps tool publishes by flipping a symbolic link; where one was flipped
 * while files were read, the look is repeated, so that two versions are never mixed. Never throws.
 */
export async function scanDirectory(root: string): Promise<Scan> {
  try {
    for (let attempt = 1; ; attempt++) {
      const before = await identityOf(root);
      const scan = await readAll(root);
      if ((await identityOf(root)) === before) return scan;
      if (attempt === ATTEMPTS)
        return { state: 'unreadable', reason: 'it changes faster than it can be read' };
    }
  } catch (error) {
    return { state: 'unreadable', reason: reasonOf(error) };
  }
}

/** What the root and a ConfigMap's `..data` lead to. */
async function identityOf(root: string): Promise<string> {
  const data = await readlink(join(root, '..data')).catch(() => '');
  return `${await realpath(root)}\n${data}`;
}

async function readAll(root: string): Promise<Scan> {
  const paths = (await listFiles(root, '')).sort();
  if (paths.length > MOST_FILES) {
    return {
      state: 'unreadable',
      reason: `it has ${paths.length} manifest files, and at most ${MOST_FILES} are read`,
    };
  }
  const files = new Map<string, FileContent>();
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = await readOne(join(root, path));
    if (content === undefined) continue;
    files.set(path, content);
    hash.update(JSON.stringify([path, content]));
  }
  return { state: 'read', root, files, digest: `sha256:${hash.digest('hex')}` };
}

async function listFiles(root: string, below: string): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name.endsWith('~')) continue;
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await listFiles(root, path)));
    else if (MANIFEST.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) found.push(path);
    if (found.length > MOST_FILES) break;
  }
  return found;
}

/** `undefined` where the file went away meanwhile. */
async function readOne(path: string): Promise<FileContent | undefined> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) return { unreadable: 'Too long: must be no more than 1 MiB' };
    const file = await open(path, 'r');
    try {
      const text = await file.readFile();
      if (text.length > LARGEST_FILE) return { unreadable: 'Too long: must be no more than 1 MiB' };
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(text) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return { unreadable: 'must be UTF-8' };
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { unreadable: `cannot be read: ${reasonOf(error)}` };
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such directory',
    ENOTDIR: 'it is not a directory',
    EACCES: 'permission denied',
    EMFILE: 'too many open files',
  };
  return words[code ?? ''] ?? code ?? String(error);
}
