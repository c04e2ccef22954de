import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Service } from './reference-manifests.ts';

const AGENT = join(import.meta.dirname, 'traffic-agent.py');

/** How long to listen for answers that should not come, once all that should have come. Seconds. */
const SETTLE = 0.12;
/** How long to wait for answers that should come. Seconds. */
const LIMIT = 4;

/** One packet that asks for an answer. */
interface Packet extends Service {
  readonly address: string;
  /** Whether an answer should come: it is worth waiting for. */
  readonly expected: boolean;
}

/** Answers and sends batches of packets of all three protocols in a network namespace; many at once, in one process. */
export class Traffic {
  readonly #agent: ChildProcess;
  readonly #open = new Map<number, (answers: readonly (string | null)[]) => void>();
  #next = 1;

  /** Serves on these ports, on every address of the namespace, those that appear later included. */
  constructor(netns: string, name: string, services: readonly Service[]) {
    const ports = services.map(({ protocol, port }) => `${protocol}/${port}`);
    this.#agent = spawn('ip', ['netns', 'exec', netns, 'python3', '-I', '-S', AGENT, name, ...ports], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#agent.stdout! }).on('line', (line) => {
      const { id, answers } = JSON.parse(line) as { id: number; answers: (string | null)[] };
      this.#open.get(id)?.(answers);
      this.#open.delete(id);
    });
    this.ready = new Promise((resolve) => this.#open.set(0, () => resolve()));
  }

  /** Resolves when it serves. */
  readonly ready: Promise<void>;

  /** Sends all at once. @returns for each who answered, `refused` where a closed port did, `undefined` where nobody. */
  async send(packets: readonly Packet[]): Promise<(string | undefined)[]> {
    const id = this.#next++;
    const probes = packets.map(({ protocol, address, port, expected }) => [
      protocol,
      address,
      port,
      expected,
    ]);
    const answers = await new Promise<readonly (string | null)[]>((resolve) => {
      this.#open.set(id, resolve);
      this.#agent.stdin!.write(`${JSON.stringify({ id, probes, settle: SETTLE, limit: LIMIT })}\n`);
    });
    return answers.map((answer) => answer ?? undefined);
  }

  close(): void {
    this.#agent.stdin!.end();
  }
}
