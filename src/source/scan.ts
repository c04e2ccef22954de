import { createHash } from 'node:crypto';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileContent, readManifestFile, reasonOf } from './manifest-file.ts';

/** What one look at the directory found. */
export type Scan =
  | {
      readonly state: 'read';
      readonly root: string;
      /** By path below the root, in order. */
      readonly files: ReadonlyMap<string, FileContent>;
      /** SHA-256 over paths and contents. */
      readonly digest: string;
      /** Not what the directory says: that was on trial and not confirmed, and this is what was in force before. */
      readonly goneBack?: boolean;
    }
  | { readonly state: 'unreadable'; readonly reason: string };

const MOST_FILES = 10_000;
/** Characters of all files together. */
const MOST_TEXT = 64 * 1024 * 1024;
const ATTEMPTS = 5;
/** Files that are read at the same time. */
const SIDE_BY_SIDE = 16;

/** Whether a name is that of a manifest. */
export function isManifestName(name: string): boolean {
  return /\.(yaml|yml|json)$/.test(name) && !isSkippedName(name);
}

/** Whether a name is one that editors and version control give to what is not meant to be read. */
export function isSkippedName(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~');
}

/**
 * Reads every manifest below a directory. A GitOps tool publishes by flipping a symbolic link; where one was flipped
 * while files were read, the look is repeated, so that two versions are never mixed. Never throws.
 */
export async function scanDirectory(root: string): Promise<Scan> {
  for (let attempt = 1; ; attempt++) {
    const before = await identityOf(root);
    if ('reason' in before) return { state: 'unreadable', reason: before.reason };
    // What is read is below what the link leads to now, even if it leads elsewhere and back meanwhile.
    const { scan, versions } = await look(before.resolved, root);
    const after = await identityOf(root);
    const same = 'identity' in after && after.identity === before.identity;
    const steady = same && (await areCurrent(versions, before.resolved));
    if (steady && (scan.state === 'read' || attempt === ATTEMPTS)) return scan;
    if (attempt === ATTEMPTS) return unreadable(new TooMuch('it changes faster than it can be read'));
  }
}

/** What the root leads to. */
async function identityOf(
  root: string,
): Promise<{ resolved: string; identity: string } | { reason: string }> {
  try {
    const resolved = await realpath(root);
    const { dev, ino, birthtimeNs } = await stat(resolved, { bigint: true });
    return { resolved, identity: [resolved, dev, ino, birthtimeNs].join() };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

class TooMuch extends Error {}

function unreadable(error: unknown): Scan {
  return { state: 'unreadable', reason: error instanceof TooMuch ? error.message : reasonOf(error) };
}

/** A link that publishes the files beside it: a ConfigMap's. */
const PUBLISHING_LINK = '..data';

/** A version that files were published in, by the path of its link. */
type Version = readonly [link: string, identity: string];

async function versionOf(directory: string, link: string): Promise<Version> {
  const status = await lstat(join(directory, link), { bigint: true }).catch(() => undefined);
  return [link, [status?.ino, status?.ctimeNs].join()];
}

async function areCurrent(versions: readonly Version[], directory: string): Promise<boolean> {
  const now = await Promise.all(versions.map(([link]) => versionOf(directory, link)));
  return now.every(([, identity], index) => identity === versions[index]![1]);
}

async function look(directory: string, root: string): Promise<{ scan: Scan; versions: readonly Version[] }> {
  let versions: readonly Version[] = [];
  try {
    const listing = await listFiles(directory, '');
    versions = listing.versions;
    return { scan: await readAll(directory, root, listing.paths), versions };
  } catch (error) {
    return { scan: unreadable(error), versions };
  }
}

async function readAll(directory: string, root: string, paths: readonly string[]): Promise<Scan> {
  if (paths.length > MOST_FILES) throw new TooMuch(`it has more than ${MOST_FILES} manifest files`);
  const files = new Map<string, FileContent>();
  const hash = createHash('sha256');
  let length = 0;
  for (let start = 0; start < paths.length; start += SIDE_BY_SIDE) {
    const some = paths.slice(start, start + SIDE_BY_SIDE);
    const contents = await Promise.all(some.map((path) => readManifestFile(join(directory, path))));
    some.forEach((path, index) => {
      const content = contents[index];
      if (content === undefined) return;
      files.set(path, content);
      hash.update(JSON.stringify([path, content]));
      length += 'text' in content ? content.text.length : 0;
    });
    if (length > MOST_TEXT) throw new TooMuch('its files have more than 64 MiB together');
  }
  return { state: 'read', root, files, digest: `sha256:${hash.digest('hex')}` };
}

interface Listing {
  /** In order. */
  readonly paths: readonly string[];
  /** As they were before the files beside their links were listed. */
  readonly versions: readonly Version[];
}

async function listFiles(directory: string, below: string): Promise<Listing> {
  const paths: string[] = [];
  const versions = [await versionOf(directory, join(below, PUBLISHING_LINK))];
  for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory() && !isSkippedName(entry.name)) {
      const inside = await listFiles(directory, path);
      paths.push(...inside.paths);
      versions.push(...inside.versions);
    } else if (!entry.isDirectory() && isManifestName(entry.name)) paths.push(path);
    if (paths.length > MOST_FILES) break;
  }
  return { paths: below === '' ? paths.sort() : paths, versions };
}
