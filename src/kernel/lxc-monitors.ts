import { stat } from 'node:fs/promises';
import type { LxcContainer } from '../api/lxc-container.ts';
import { commandSocketOf } from './lxc-sockets.ts';
import { realUserOf, targetOf } from './processes.ts';
import { type Shells, quoted } from './shell.ts';

/** The processes that hold a container's command socket: its monitor, and while it starts also who starts it. */
interface Monitors {
  readonly inode: string;
  readonly pids: readonly number[];
  /** They are looked for again after this, in case that it was too early, and after that ever later. Milliseconds. */
  readonly wait: number;
  readonly until: number;
}

/** What is asked of ss at a time: a command line has to hold it. */
const MOST_AT_A_TIME = 500;
/** LXC hands a container that starts from process to process. Milliseconds. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2_000;

/**
 * The monitors of LXC containers: the processes that listen on their command sockets. Any user may listen by any name that
 * is free, so a monitor is believed only where root has started it, or the owner of the container's directory.
 */
export class LxcMonitors {
  readonly #known = new Map<string, Monitors>();
  readonly #shells: Shells;

  constructor(shells: Shells) {
    this.#shells = shells;
  }

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
    const names = [...unknown.keys()];
    for (let from = 0; from < names.length; from += MOST_AT_A_TIME) {
      const some = names.slice(from, from + MOST_AT_A_TIME);
      const listed = parseHolders(await askForHolders(this.#shells, some));
      await Promise.all(
        some.map(async (socket) => {
          const holders = listed.get(socket) ?? [];
          const trusted = await Promise.all(holders.map((holder) => isTrusted(holder, unknown.get(socket)!)));
          const pids = holders.filter((_, index) => trusted[index]).map(({ pid }) => pid);
          const inode = sockets.get(socket)!;
          const before = this.#known.get(socket);
          const wait = before?.inode === inode ? Math.min(before.wait * 2, LONGEST_WAIT) : FIRST_WAIT;
          this.#known.set(socket, { inode, pids, wait, until: now + wait });
        }),
      );
    }
  }

  /** Those of a container, as they were last found. */
  of(container: LxcContainer): readonly number[] {
    return this.#known.get(commandSocketOf(container))?.pids ?? [];
  }

  forget(container: LxcContainer): void {
    this.#known.delete(commandSocketOf(container));
  }
}

/** Of all sockets only these: the names of others may be made so that they look like several lines. */
async function askForHolders(shells: Shells, sockets: readonly string[]): Promise<string> {
  const filter = sockets.flatMap((socket, index) => [
    ...(index === 0 ? [] : ['or']),
    'src',
    '=',
    `unix:${socket.replace(/[*?[\]\\]/g, '\\$&')}`,
  ]);
  return (await shells.run(`ss -Hxlp ${filter.map(quoted).join(' ')}`)).stdout;
}

interface Holder {
  readonly inode: string;
  readonly pid: number;
  readonly fd: string;
}

/** Reads `ss -Hxlp`: Netid, State, Recv-Q, Send-Q, address, inode, peer, its inode, users. */
export function parseHolders(text: string): ReadonlyMap<string, readonly Holder[]> {
  const LINE =
    /^u_str\s+LISTEN\s+\d+\s+\d+\s+(?<name>\S.*?) (?<inode>\d+)\s+\* 0\s+users:\((?<users>.*)\)\s*$/gm;
  return new Map(
    [...text.matchAll(LINE)].map(({ groups }) => {
      const users = [...groups!.users!.matchAll(/,pid=(?<pid>\d+),fd=(?<fd>\d+)\)/g)];
      const inode = groups!.inode!;
      return [
        groups!.name!,
        users.map(({ groups: user }) => ({ inode, pid: Number(user!.pid), fd: user!.fd! })),
      ];
    }),
  );
}

/** Processes choose their own names, so what ss prints is looked up again; then, who has started it. */
async function isTrusted({ pid, fd, inode }: Holder, { path, name }: LxcContainer): Promise<boolean> {
  if (targetOf(pid, fd) !== `socket:[${inode}]`) return false;
  const user = realUserOf(pid);
  if (user === 0) return true;
  // The directory may be on a file system that takes its time.
  const owner = await stat(`${path}/${name}`).catch(() => undefined);
  return user !== undefined && user === owner?.uid;
}
