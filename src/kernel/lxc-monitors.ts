import { stat } from 'node:fs/promises';
import type { LxcContainer } from '../api/lxc-container.ts';
import { commandSocketOf } from './lxc-sockets.ts';
import { realUserOf, targetOf } from './processes.ts';
import { type Holder, SocketHolders } from './socket-holders.ts';

/** The processes that hold a container's command socket: its monitor, and while it starts also who starts it. */
interface Monitors {
  readonly inode: string;
  readonly pids: readonly number[];
  /** They are looked for again after this, in case that it was too early, and after that ever later. Milliseconds. */
  readonly wait: number;
  readonly until: number;
}

/** LXC hands a container that starts from process to process. Milliseconds. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;
/** From then on its monitor may be a process, too, that was there long before it: a program that uses LXC's library. */
const ALL_AFTER = 400;

/**
 * The monitors of LXC containers: the processes that listen on their command sockets. Any user may listen by any name that
 * is free, so a monitor is believed only where root has started it, or the owner of the container's directory.
 */
export class LxcMonitors {
  readonly #known = new Map<string, Monitors>();
  readonly #holders = new SocketHolders();

  /** Looks for the monitors of these containers, all at once, where they are not known yet. */
  async lookFor(
    containers: readonly LxcContainer[],
    sockets: ReadonlyMap<string, string>,
    now = performance.now(),
  ): Promise<void> {
    const unknown = new Map<string, LxcContainer>();
    for (const container of containers) {
      const socket = commandSocketOf(container);
      const known = this.#known.get(socket);
      if (known?.inode !== sockets.get(socket) || now >= known!.until) unknown.set(socket, container);
    }
    if (unknown.size === 0) return;
    const inodes = [...unknown.keys()].flatMap((socket) => sockets.get(socket) ?? []);
    const all = [...unknown.keys()].some((socket) => (this.#known.get(socket)?.wait ?? 0) >= ALL_AFTER);
    const listed = await this.#holders.of(inodes, all);
    await Promise.all(
      [...unknown].map(async ([socket, container]) => {
        const inode = sockets.get(socket)!;
        const holders = listed.get(inode) ?? [];
        const trusted = await Promise.all(holders.map((holder) => isTrusted(holder, container)));
        const pids = holders.filter((_, index) => trusted[index]).map(({ pid }) => pid);
        const before = this.#known.get(socket);
        const wait = before?.inode === inode ? Math.min(before.wait * 2, LONGEST_WAIT) : FIRST_WAIT;
        this.#known.set(socket, { inode, pids, wait, until: now + wait });
      }),
    );
  }

  /** Those of a container, as they were last found. */
  of(container: LxcContainer): readonly number[] {
    return this.#known.get(commandSocketOf(container))?.pids ?? [];
  }

  /** Says that the container's init is a child of one of those that were found: then no others have to be looked for. */
  confirm(container: LxcContainer): void {
    const socket = commandSocketOf(container);
    const known = this.#known.get(socket);
    if (known) this.#known.set(socket, { ...known, until: Infinity });
  }

  forget(container: LxcContainer): void {
    this.#known.delete(commandSocketOf(container));
  }

  /** Ends the program that looks for them. */
  close(): void {
    this.#holders.close();
  }
}

/** Whether it still holds the socket, and who has started it. */
async function isTrusted({ pid, fd, inode }: Holder, { path, name }: LxcContainer): Promise<boolean> {
  if (targetOf(pid, fd) !== `socket:[${inode}]`) return false;
  const user = realUserOf(pid);
  if (user === 0) return true;
  // The directory may be on a file system that takes its time.
  const owner = await stat(`${path}/${name}`).catch(() => undefined);
  return user !== undefined && user === owner?.uid;
}
