import { readFile } from 'node:fs/promises';
import { namespaceIdentity } from './namespace-identity.ts';
import { type StartedProgram, startProgram } from './programs.ts';

/** An LXC container: its name, and the directory that its configuration is below. */
export interface LxcContainer {
  readonly name: string;
  readonly path: string;
}

/** The process that a container's namespaces are found by, and the network namespace that it was seen in. */
export interface LxcProcess {
  readonly pid: number;
  /** As {@link namespaceIdentity} tells it. */
  readonly identity: string;
}

/** LXC's own, as Debian builds it. */
export const DEFAULT_LXC_PATH = '/var/lib/lxc';

/** While a hook runs, LXC does not answer; this long it is asked before it is asked anew. Milliseconds. */
const LONGEST_QUESTION = 60_000;

/** What lxc-info takes where nothing keeps LXC from answering. Milliseconds. */
const AT_ONCE = 50;

interface Known extends LxcProcess {
  /** When the process was started, in the kernel's ticks: process ids are used again. */
  readonly startedAt: string;
}

interface Question {
  readonly askedAt: number;
  readonly program: StartedProgram;
  readonly answer: Promise<Known | undefined>;
}

/**
 * The processes of LXC containers. A container is asked once, and by a program that may wait: LXC does not answer from
 * the first moment of a start until its hooks are over, and a pass over all containers must not wait for that.
 */
export class LxcProcesses {
  readonly #known = new Map<string, Known>();
  readonly #questions = new Map<string, Question>();
  readonly #patience: number;

  /** @param patience How long a look waits for a container's answer. Milliseconds. */
  constructor(patience = 2_000) {
    this.#patience = patience;
  }

  /**
   * Takes a hook's word for the process of a container whose start is not over.
   *
   * @returns why it is not believed, or nothing.
   */
  async announce(container: LxcContainer, { pid, identity }: LxcProcess): Promise<string | undefined> {
    const found = await lookAt(pid);
    if (!found) return `there is no process ${pid}`;
    if (found.identity !== identity) return `process ${pid} is in another network namespace here`;
    this.#known.set(idOf(container), found);
    return undefined;
  }

  /** Says that a container has stopped. */
  forget(container: LxcContainer): void {
    const id = idOf(container);
    this.#known.delete(id);
    this.#questions.get(id)?.program.kill();
    this.#questions.delete(id);
  }

  /** Ends what was asked and not answered. */
  close(): void {
    for (const { program } of this.#questions.values()) program.kill();
    this.#questions.clear();
  }

  /** The process of a container; `undefined` where it does not run, `starting` where it runs and does not answer yet. */
  async find(container: LxcContainer): Promise<LxcProcess | 'starting' | undefined> {
    const known = await this.#stillKnown(container);
    if (known) return known;
    if (!(await commandSockets()).has(container)) return undefined;
    const { askedAt, answer } = this.#ask(container);
    const rest = Math.max(0, askedAt + this.#patience - performance.now());
    return Promise.race([answer, after(rest, 'starting' as const)]);
  }

  /**
   * Those of some containers whose process is known by now. The others are asked; a later look finds those that do not
   * answer at once. One file of the kernel's tells of all, whatever their number.
   */
  async answered<C extends LxcContainer>(containers: readonly C[]): Promise<C[]> {
    if (containers.length === 0) return [];
    const sockets = await commandSockets();
    const listening = containers.filter((container) => sockets.has(container));
    const known = await Promise.all(
      listening.map(async (container) => {
        if (await this.#stillKnown(container)) return true;
        const { answer } = this.#ask(container);
        return (await Promise.race([answer, after(AT_ONCE, undefined)])) !== undefined;
      }),
    );
    return listening.filter((_, index) => known[index]);
  }

  async #stillKnown(container: LxcContainer): Promise<Known | undefined> {
    const id = idOf(container);
    const known = this.#known.get(id);
    if (!known) return undefined;
    const now = await lookAt(known.pid);
    if (now?.identity === known.identity && now.startedAt === known.startedAt) return known;
    if (this.#known.get(id) === known) this.#known.delete(id);
    return undefined;
  }

  #ask(container: LxcContainer): Question {
    const id = idOf(container);
    const open = this.#questions.get(id);
    if (open) return open;
    const { name, path } = container;
    const program = startProgram('lxc-info', ['-P', path, '-n', name, '-p', '-H']);
    const question: Question = {
      askedAt: performance.now(),
      program,
      answer: answerOf(program).then((found) => {
        // Where a hook has announced or ended it meanwhile, this answer is an old one.
        if (this.#questions.get(id) !== question) return found;
        this.#questions.delete(id);
        if (found) this.#known.set(id, found);
        return found;
      }),
    };
    this.#questions.set(id, question);
    return question;
  }
}

function idOf({ path, name }: LxcContainer): string {
  return `${path}/${name}`;
}

function after<T>(milliseconds: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value).unref());
}

async function answerOf(program: StartedProgram): Promise<Known | undefined> {
  const { stdout } = await program.finish('', LONGEST_QUESTION);
  const pid = /^\s*(?<pid>[1-9]\d{0,6})\s*$/.exec(stdout)?.groups?.pid;
  return pid === undefined ? undefined : lookAt(Number(pid));
}

async function lookAt(pid: number): Promise<Known | undefined> {
  const [identity, stat] = await Promise.all([
    namespaceIdentity(`/proc/${pid}/ns/net`),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ]);
  // The program's name is in brackets and may hold anything; what counts comes after the last one.
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return identity === undefined || startedAt === undefined ? undefined : { pid, identity, startedAt };
}

/**
 * The containers whose monitor listens. Its socket is abstract, so the kernel lists it, and looking for it is a
 * thousand times cheaper than lxc-info. LXC hashes names that do not fit; then lxc-info has to be asked.
 */
async function commandSockets(): Promise<{ has(container: LxcContainer): boolean }> {
  const text = await readFile('/proc/self/net/unix', 'utf8').catch(() => '');
  return {
    has({ name, path }) {
      const socket = `${path}/${name}/command`;
      return socket.length > 100 || text.includes(`@${socket}\n`);
    },
  };
}
