import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Scan, scanDirectory } from './scan.ts';

/** A file that was written to so recently may not be finished; what is renamed over another is. Milliseconds. */
const SETTLED_AFTER = 150;
/** One that is written to all the time is read all the same. Milliseconds. */
const LONGEST_WAIT = 600;

/** Reads a directory of manifests without what is just being written. */
export class SettledDirectory {
  readonly #root: string;
  /** By path, as of the last look: a file of another inode took the place of the one before, and was written aside. */
  #inodes: ReadonlyMap<string, number> = new Map();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Looks at the directory.
   *
   * @param patient Whether to wait for files that are new, or written to in place, until nobody has written to them for a
   *   moment. Whoever asks for a look himself has finished.
   */
  async scan(patient: boolean): Promise<Scan> {
    const deadline = performance.now() + LONGEST_WAIT;
    for (;;) {
      const scan = await scanDirectory(this.#root);
      if (scan.state === 'unreadable') return scan;
      const { inodes, wait } = await this.#look([...scan.files.keys()]);
      if (!patient || wait === 0 || performance.now() + wait > deadline) {
        this.#inodes = inodes;
        return scan;
      }
      await delay(wait);
    }
  }

  /** @returns the milliseconds until all of these are settled. */
  async #look(
    paths: readonly string[],
  ): Promise<{ readonly inodes: ReadonlyMap<string, number>; readonly wait: number }> {
    const inodes = new Map<string, number>();
    let wait = 0;
    await Promise.all(
      paths.map(async (path) => {
        const status = await stat(join(this.#root, path)).catch(() => undefined);
        if (!status) return;
        inodes.set(path, status.ino);
        const before = this.#inodes.get(path);
        const replaced = before !== undefined && before !== status.ino;
        // The file's time may be finer than the clock's, and so a little later. One far to come says nothing: the clock
        // was set.
        const age = Date.now() - status.mtimeMs;
        if (!replaced && Math.abs(age) < SETTLED_AFTER)
          wait = Math.max(wait, SETTLED_AFTER - Math.max(age, 0));
      }),
    );
    return { inodes, wait: Math.ceil(wait) };
  }
}
