import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isManifestName, isSkippedName } from './scan.ts';

/** Links looked at in one go; more take turns. */
const MOST_LINKS = 1_000;

/**
 * What the links to manifests lead to. It may be anywhere, and come into being later; a watcher follows the links
 * themselves only, and one for each target would have to follow every part of its path, too.
 */
export class LinkTargets {
  readonly #root: string;
  #links: string[] | undefined;
  readonly #seen = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Says that links may have come or gone. */
  forget(): void {
    this.#links = undefined;
  }

  /** Whether a link leads to something else than when it was last asked, or is new. Never throws. */
  async changed(): Promise<boolean> {
    if (!this.#links) {
      this.#links = await linksBelow(this.#root).catch(() => []);
      const known = new Set(this.#links);
      for (const link of this.#seen.keys()) if (!known.has(link)) this.#seen.delete(link);
    }
    const due = this.#links.splice(0, MOST_LINKS);
    this.#links.push(...due);
    const identities = await Promise.all(due.map(identityOf));
    const different = due.filter((link, index) => this.#seen.get(link) !== identities[index]);
    due.forEach((link, index) => this.#seen.set(link, identities[index]!));
    return different.length > 0;
  }
}

async function linksBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !isSkippedName(entry.name)) found.push(...(await linksBelow(path)));
    else if (entry.isSymbolicLink() && isManifestName(entry.name)) found.push(path);
  }
  return found;
}

async function identityOf(link: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(link, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return 'absent';
  }
}
