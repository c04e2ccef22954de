import { type FSWatcher, watch } from 'chokidar';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { NEVER, Observable } from 'rxjs';
import { LinkTargets } from './link-targets.ts';
import { isManifestName, isSkippedName } from './scan.ts';

const OPTIONS = { followSymlinks: false, atomic: false, ignoreInitial: true, persistent: true } as const;
const FIRST_RETRY = 1_000;
const LAST_RETRY = 30_000;
/** How often it is checked whether the watched directory, and what links in it lead to, are still the same. */
const IDENTITY_PERIOD = 500;
/** In these periods: how often there is a sign while nothing can be watched. */
const SCAN_EVERY = 2;

/** What a watch may be told, and tells besides its signs. */
export interface WatchOptions {
  /** Told why the directory cannot be watched. */
  readonly onProblem?: (error: Error) => void;
  /** A change was found without a sign: what watches has gone deaf, and is armed anew. */
  readonly missed$?: Observable<void>;
}

/**
 * Signs that the manifests may have changed. They are hints: some changes cause several, and whoever needs to be certain
 * looks at the directory now and then. Never completes, never fails; the directory may come into being later. While it
 * cannot be watched there is a sign every second.
 */
export function watchDirectory(root: string, options: WatchOptions = {}): Observable<void> {
  const { onProblem = () => undefined, missed$ = NEVER } = options;
  return new Observable<void>((subscriber) => {
    const watcher = new DirectoryWatcher(root, () => subscriber.next(), onProblem);
    const missed = missed$.subscribe(() => watcher.rearm());
    return () => {
      missed.unsubscribe();
      watcher.stop();
    };
  });
}

/**
 * Two watchers, since neither sees everything: one on the directory itself, one on its parent, which tells when the
 * directory is replaced by another of the same name. Both are armed anew whenever that happens.
 */
class DirectoryWatcher {
  readonly #root: string;
  readonly #tell: () => void;
  readonly #onProblem: (error: Error) => void;
  readonly #checks: NodeJS.Timeout;
  readonly #targets: LinkTargets;
  #watchers: readonly FSWatcher[] = [];
  #identity: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryDelay = FIRST_RETRY;
  #stale = false;
  #arming = false;
  #checkingLinks = false;
  #stopped = false;

  constructor(root: string, tell: () => void, onProblem: (error: Error) => void) {
    this.#root = root;
    this.#tell = tell;
    this.#onProblem = onProblem;
    this.#targets = new LinkTargets(root);
    // A link in the middle of the path may be flipped without an event from either watcher.
    let count = 0;
    this.#checks = setInterval(() => {
      if (this.#retry !== undefined && count++ % SCAN_EVERY === 0) this.#tell();
      void this.#check().then(() => this.#checkLinks());
    }, IDENTITY_PERIOD);
    void this.#check();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#checks);
    clearTimeout(this.#retry);
    void closeAll(this.#watchers);
  }

  rearm(): void {
    this.#stale = true;
    void this.#check();
  }

  /** Arms the watchers anew where the path leads to another directory than before. */
  async #check(): Promise<void> {
    if (this.#arming) return;
    this.#arming = true;
    const identity = await identityOf(this.#root);
    if (this.#stale || identity !== this.#identity) {
      this.#stale = false;
      this.#identity = identity;
      await this.#arm();
    }
    this.#arming = false;
  }

  async #checkLinks(): Promise<void> {
    if (this.#checkingLinks) return;
    this.#checkingLinks = true;
    if ((await this.#targets.changed()) && !this.#stopped) this.#tell();
    this.#checkingLinks = false;
  }

  async #arm(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const old = this.#watchers;
    this.#watchers = [];
    await closeAll(old);
    const resolved = await realpath(this.#root).catch(() => this.#root);
    if (this.#stopped) return;
    const own = basename(this.#root);
    const inside = watch(resolved, {
      ...OPTIONS,
      ignored: (path, status) => path !== resolved && isOfNoInterest(basename(path), status?.isFile()),
    });
    const around = watch(dirname(this.#root), {
      ...OPTIONS,
      depth: 0,
      ignored: (path) => path !== dirname(this.#root) && basename(path) !== own,
    });
    this.#watchers = [inside, around];
    this.#targets.forget();
    this.#follow(inside, (name) => !isOfNoInterest(name));
    this.#follow(around, (name) => name === own);
    this.#tell();
  }

  #follow(watcher: FSWatcher, isOfInterest: (name: string) => boolean): void {
    const isCurrent = (): boolean => this.#watchers.includes(watcher);
    const changed = (): void => {
      if (!isCurrent()) return;
      this.#targets.forget();
      this.#tell();
      void this.#check();
    };
    watcher.on('all', changed);
    // The cooked events hide a swap of two directories with the same files; the raw ones do not.
    watcher.on('raw', (_event, path) => {
      if (path === null || isOfInterest(basename(path))) changed();
    });
    // What changed before the watcher was ready causes no event.
    watcher.on('ready', () => {
      changed();
      if (this.#retry === undefined) this.#retryDelay = FIRST_RETRY;
    });
    watcher.on('error', (error) => {
      if (isCurrent()) this.#retryLater(error as Error);
    });
  }

  /** Out of inotify watches, or the directory went away while it was listed: tries again, less and less often. */
  #retryLater(error: Error): void {
    if (this.#retry !== undefined) return;
    this.#onProblem(error);
    this.#tell();
    this.#retry = setTimeout(() => this.rearm(), this.#retryDelay);
    this.#retryDelay = Math.min(this.#retryDelay * 2, LAST_RETRY);
  }
}

/** Names that no manifest has; a ConfigMap is published by a flip of its link ..data. */
function isOfNoInterest(name: string, isFile = false): boolean {
  return name !== '..data' && (isFile ? !isManifestName(name) : isSkippedName(name));
}

async function closeAll(watchers: readonly FSWatcher[]): Promise<void> {
  await Promise.all(watchers.map((watcher) => watcher.close()));
}

/** What tells a directory from another of the same name; the kernel may give a new one the inode of the old. */
async function identityOf(root: string): Promise<string> {
  try {
    const { dev, ino, birthtimeNs } = await stat(root, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return 'absent';
  }
}
