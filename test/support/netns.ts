import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const PREFIX = 'lxnt';
const AGENT = join(import.meta.dirname, 'agent.ts');

/** How a probe ended: who answered, and how the client looked from there; or one word why nobody did. */
export interface Reply {
  readonly server?: string;
  readonly source?: string;
  readonly failure?: string;
}

type Answer = Reply & Partial<Page> & { readonly id: number; readonly error?: string };

/** What a web server answered; status 0 where nothing did. */
export interface Page {
  readonly status: number;
  readonly body: string;
}

/** What a program printed, and how it ended. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** A network namespace with loopback up; an agent in it serves and probes. */
export class NetNs {
  readonly name: string;
  readonly #short: string;
  #agent: ChildProcess | undefined;
  readonly #open = new Map<number, (answer: Answer) => void>();
  #next = 1;

  constructor(name: string, short: string) {
    this.name = name;
    must(spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' }));
    must(spawnSync('ip', ['-n', name, 'link', 'set', 'lo', 'up'], { encoding: 'utf8' }));
    this.#short = short;
  }

  /** Most namespaces need none: it is started when it is first asked. */
  #startAgent(): ChildProcess {
    const agent = spawn('ip', ['netns', 'exec', this.name, process.execPath, AGENT, this.#short], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: agent.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#open.get(answer.id)?.(answer);
      this.#open.delete(answer.id);
    });
    return agent;
  }

  /** Runs a program inside, to its end. */
  run(argv: readonly string[], input?: string): Ran {
    const done = spawnSync('ip', ['netns', 'exec', this.name, ...argv], {
      encoding: 'utf8',
      input,
      maxBuffer: 1 << 28,
    });
    return { stdout: done.stdout, stderr: done.stderr, status: done.status ?? -1 };
  }

  /** The same; an exit status other than 0 is an error. @returns what it printed. */
  exec(...argv: readonly string[]): string {
    const ran = this.run(argv);
    if (ran.status !== 0) throw new Error(`${argv.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  json(...argv: readonly string[]): unknown {
    return JSON.parse(this.exec(...argv));
  }

  /** Answers on a port, over both families, until the lab is gone. */
  async serve(port: number, protocol: 'TCP' | 'UDP' = 'TCP'): Promise<void> {
    await this.#ask({ do: 'serve', port, protocol });
  }

  /** Opens one connection (TCP) or asks one question (UDP). Milliseconds. */
  probe(address: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP', timeout = 700): Promise<Reply> {
    return this.#ask({ do: 'probe', address, port, protocol, timeout });
  }

  /** Opens a TCP connection that stays. @returns tells whether something sent now still comes back. */
  async open(address: string, port: number): Promise<() => Promise<boolean>> {
    const flow = this.#next++;
    const reply = await this.#ask({ do: 'open', address, port, flow, timeout: 2_000 });
    if (reply.failure !== undefined) throw new Error(`${address}:${port}: ${reply.failure}`);
    return async () => (await this.#ask({ do: 'exchange', flow, timeout: 700 })).failure === undefined;
  }

  /** Opens a UDP socket that stays. @returns asks a question by it, which tells who answers. */
  async converse(address: string, port: number): Promise<() => Promise<Reply>> {
    const flow = this.#next++;
    await this.#ask({ do: 'open', address, port, flow, protocol: 'UDP' });
    return () => this.#ask({ do: 'exchange', flow, timeout: 700 });
  }

  /** GET from a server of this namespace. @returns the status, 0 where nothing answers, and the body. */
  async get(port: number, path: string): Promise<Page> {
    const { status = 0, body = '' } = await this.#ask({ do: 'http', port, path, timeout: 5_000 });
    return { status, body };
  }

  close(): void {
    this.#agent?.stdin!.end();
    removeNamespace(this.name);
  }

  #ask(question: Readonly<Record<string, unknown>>): Promise<Answer> {
    const id = this.#next++;
    const agent = (this.#agent ??= this.#startAgent());
    return new Promise((resolve, reject) => {
      this.#open.set(id, (answer) =>
        answer.error === undefined ? resolve(answer) : reject(new Error(answer.error)),
      );
      agent.stdin!.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  }
}

function must({ status, stderr }: { status: number | null; stderr: string }): void {
  if (status !== 0) throw new Error(stderr);
}

/** Ends what runs in a namespace, and removes it. */
export function removeNamespace(name: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
  spawnSync('ip', ['netns', 'delete', name]);
}

/** The namespaces of labs: all, or those of one process. */
export function labNamespaces(pid?: number): string[] {
  try {
    return readdirSync('/run/netns').filter((name) =>
      name.startsWith(pid === undefined ? PREFIX : `${PREFIX}${pid}x`),
    );
  } catch {
    return [];
  }
}
