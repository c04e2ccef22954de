import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetNs } from './netns.ts';

const AGENT = join(import.meta.dirname, 'stream-agent.py');
const SETTLE_LIMIT = 20_000;

interface Reading {
  readonly bytes: number;
  readonly seconds: number;
}

/** One flow from a namespace to another that carries as much as it can: a TCP connection, or datagrams. */
export class Stream implements Disposable {
  readonly #receiver: ChildProcess;
  readonly #lines: Interface;
  #sender: ChildProcess | undefined;

  private constructor(to: NetNs, protocol: 'TCP' | 'UDP', port: number) {
    this.#receiver = agent(to, 'receive', protocol, String(port));
    this.#lines = createInterface({ input: this.#receiver.stdout! });
  }

  static async open(
    from: NetNs,
    to: NetNs,
    address: string,
    port: number,
    protocol: 'TCP' | 'UDP' = 'TCP',
  ): Promise<Stream> {
    const stream = new Stream(to, protocol, port);
    await once(stream.#lines, 'line');
    stream.#sender = agent(from, 'send', protocol, address, String(port));
    return stream;
  }

  /** Waits until this much has arrived. @throws {Error} Where that takes longer than 20 s. */
  async received(bytes: number): Promise<void> {
    const end = performance.now() + SETTLE_LIMIT;
    const { bytes: before } = await this.#read();
    while ((await this.#read()).bytes - before < bytes) {
      if (performance.now() > end) throw new Error(`not ${bytes} bytes within ${SETTLE_LIMIT} ms`);
      await sleep(20);
    }
  }

  /** What arrives from now on, for some seconds. Bits per second of payload. */
  async rate(seconds = 4): Promise<number> {
    const before = await this.#read();
    await sleep(seconds * 1000);
    const after = await this.#read();
    return ((after.bytes - before.bytes) * 8) / (after.seconds - before.seconds);
  }

  async #read(): Promise<Reading> {
    this.#receiver.stdin!.write('\n');
    const [line] = (await once(this.#lines, 'line')) as [string];
    const [bytes, seconds] = line.split(' ').map(Number);
    return { bytes: bytes!, seconds: seconds! };
  }

  [Symbol.dispose](): void {
    for (const process of [this.#sender, this.#receiver]) process?.stdin!.end();
  }
}

function agent(netns: NetNs, ...args: readonly string[]): ChildProcess {
  return spawn('ip', ['netns', 'exec', netns.name, 'python3', '-I', '-S', AGENT, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
