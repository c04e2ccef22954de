import { LxcMonitors } from './lxc-monitors.ts';
import type { LxcContainer } from '../api/lxc-container.ts';
import { commandSocketOf, listeningSockets } from './lxc-sockets.ts';
import { namespaceIdentity } from './namespace-identity.ts';
import { type ProcessIdentity, identityOf, isStillThere } from './process-identity.ts';
import { childrenOf, hasSockets } from './processes.ts';

/** The process that a container's namespaces are found by, and the network namespace that it was seen in. */
export type LxcProcess = Pick<ProcessIdentity, 'pid' | 'identity'>;

/**
 * The processes of LXC containers. LXC itself is not asked: it does not answer while hooks run, a program per container is
 * costly, and lxc-info reads the container's configuration as root, also one that a user may write. The kernel tells who
 * listens on a container's command socket, and which processes that one has started.
 */
export class LxcProcesses {
  readonly #known = new Map<string, ProcessIdentity>();
  readonly #monitors = new LxcMonitors();

  /**
   * Takes a hook's word for the process of a container whose start is not over.
   *
   * @returns why it is not believed, or nothing.
   */
  announce(container: LxcContainer, { pid, identity }: LxcProcess): string | undefined {
    const found = identityOf(pid);
    if (!found) return `there is no process ${pid}`;
    if (found.identity !== identity) return `process ${pid} is in another network namespace here`;
    this.#known.set(commandSocketOf(container), found);
    return undefined;
  }

  /** Says that a container has stopped. */
  forget(container: LxcContainer): void {
    this.#known.delete(commandSocketOf(container));
    this.#monitors.forget(container);
  }

  /**
   * The processes of containers, in the same order: `undefined` where one does not run, `starting` where LXC has not
   * finished its network yet.
   */
  async find(containers: readonly LxcContainer[]): Promise<(LxcProcess | 'starting' | undefined)[]> {
    const known = containers.map((container) => this.#stillKnown(container));
    if (known.every((process) => process !== undefined)) return known;
    const sockets = await listeningSockets();
    const listens = (container: LxcContainer): boolean => sockets.has(commandSocketOf(container));
    const unknown = containers.filter((container, index) => !known[index] && listens(container));
    await this.#monitors.lookFor(unknown, sockets);
    return containers.map((container, index) => {
      if (known[index]) return known[index];
      if (!listens(container)) return undefined;
      const init = initOf(this.#monitors.of(container));
      if (init) this.#monitors.confirm(container);
      if (!init || init.isBeingMade) return 'starting';
      this.#known.set(commandSocketOf(container), init.process);
      return init.process;
    });
  }

  /** Ends the programs that stay. */
  close(): void {
    this.#monitors.close();
  }

  #stillKnown(container: LxcContainer): ProcessIdentity | undefined {
    const id = commandSocketOf(container);
    const known = this.#known.get(id);
    if (!known || isStillThere(known)) return known;
    this.#known.delete(id);
    return undefined;
  }
}

interface Init {
  readonly process: ProcessIdentity;
  /** As long as LXC is at work in there, nobody else must be. */
  readonly isBeingMade: boolean;
}

/** The init of a container: the oldest child of its monitor that has a mount namespace of its own, which hooks do not have. */
function initOf(monitors: readonly number[]): Init | undefined {
  const found = monitors.flatMap((monitor) => {
    const mounts = namespaceIdentity(`/proc/${monitor}/ns/mnt`);
    return childrenOf(monitor).flatMap((pid) => {
      const own = namespaceIdentity(`/proc/${pid}/ns/mnt`);
      const init = own === undefined || own === mounts ? undefined : identityOf(pid);
      return init ? [{ init, monitor }] : [];
    });
  });
  const [oldest] = found.sort((one, other) => Number(one.init.startedAt) - Number(other.init.startedAt));
  return oldest && { process: oldest.init, isBeingMade: isBeingMade(oldest.init.pid, oldest.monitor) };
}

/**
 * Whether LXC has not handed over to init yet. Until then the process runs LXC's program, and is connected with the
 * monitor; lxc-execute's init goes on to run that program, without a connection.
 */
function isBeingMade(pid: number, monitor: number): boolean {
  const [own, program] = [pid, monitor].map((process) => namespaceIdentity(`/proc/${process}/exe`));
  return own === undefined || (own === program && hasSockets(pid));
}
