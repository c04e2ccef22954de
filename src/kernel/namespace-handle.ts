import { closeSync, fstatSync, openSync } from 'node:fs';

/** A network namespace that is kept open. */
export interface NamespaceHandle extends Disposable {
  /** Leads to this namespace and no other, for programs that this process starts. */
  readonly path: string;
}

/** What is said where a namespace is not the one any more that a plan was made for. */
export const REPLACED = 'the container was replaced meanwhile';

/**
 * Opens a namespace, if it still is the one that was seen: a process id, or a name, may have gone to another since. To be
 * closed soon: a namespace that is open lives on when its container ends.
 *
 * @param identity Device and inode, as `D:I`.
 */
export function openNamespace(path: string, identity: string): NamespaceHandle | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  const { dev, ino } = fstatSync(fd);
  if (`${dev}:${ino}` === identity)
    return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
  closeSync(fd);
  return undefined;
}
