import { type FSWatcher, watch } from 'chokidar';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Observable } from 'rxjs';

const OPTIONS = { followSymlinks: false, atomic: false, ignoreInitial: true, persistent: true } as const;
const RETRY_DELAY = 1_000;
const IDENTITY_PERIOD = 500;

/**
 * Signs that the manifests may have changed. They are hints: some changes cause several, and whoever needs to be certain
 * looks at the directory now and then. Never completes; the directory may come into being later.
 *
 * Two watchers, since neither sees everything: one on the directory itself, one on its parent, which tells when the
 * directory is replaced by another of the same name. The second has to be armed anew whenever that happens.
 */
export function watchDirectory(root: string): Observable<void> {
  return new Observable<void>((subscriber) => {
    let identity = '';
    let inner: FSWatcher | undefined;
    let closed = false;
    let rearming = false;
    const tell = (): void => subscriber.next();
    const rearm = async (): Promise<void> => {
      if (rearming) return;
      rearming = true;
      const next = await identityOf(root);
      if (next !== identity && !closed) {
        const first = identity === '';
        identity = next;
        await inner?.close();
        inner = watchTree(await realpath(root).catch(() => root), tell, onError);
        if (!first) tell();
      }
      rearming = false;
    };
    const onError = (): void => {
      // Out of inotify watches, or the directory went away while it was listed: try again, and look meanwhile.
      identity = '';
      tell();
      setTimeout(() => void rearm(), RETRY_DELAY).unref();
    };
    const outer = watchTree(dirname(root), () => void rearm().then(tell), onError, basename(root));
    // A link in the middle of the path may be flipped without the parent noticing.
    const timer = setInterval(() => void rearm(), IDENTITY_PERIOD);
    void rearm();
    return () => {
      closed = true;
      clearInterval(timer);
      void outer.close();
      void inner?.close();
    };
  });
}

function watchTree(path: string, tell: () => void, onError: () => void, only?: string): FSWatcher {
  const watcher = watch(path, {
    ...OPTIONS,
    ...(only === undefined
      ? {}
      : { depth: 0, ignored: (candidate: string) => candidate !== path && basename(candidate) !== only }),
  });
  // The cooked events hide a swap of two directories with the same files; the raw ones do not.
  watcher.on('all', tell).on('raw', tell).on('error', onError);
  return watcher;
}

/** What tells a directory from another of the same name; the kernel may give a new one the inode of the old. */
async function identityOf(root: string): Promise<string> {
  try {
    const { dev, ino, birthtimeNs } = await stat(root, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}:${await realpath(root)}`;
  } catch {
    return 'absent';
  }
}
