import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bridge, forward, policy } from '../support/manifests.ts';
import { Namespace, atEnd, temporaryDirectory } from './support.ts';

/* A host with a daemon and 1000 Links, policies and forwards, and what is told of it from outside. */

export const LINKS = 1000;
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const PROGRAM = join(import.meta.dirname, '../../dist/src/main.js');
export const numbers = Array.from({ length: LINKS }, (_, index) => index);
export const addressOf = (index: number): string => `10.77.${1 + (index >> 7)}.${1 + (index & 127)}`;

/** Lines of a monitor, and the time at which each was read. */
export class Monitor {
  readonly #lines: { readonly at: number; readonly text: string }[] = [];
  readonly #waiting = new Set<() => void>();
  readonly program: ChildProcess;

  constructor(netns: string, argv: readonly string[]) {
    this.program = spawn('ip', ['netns', 'exec', netns, ...argv], { stdio: ['ignore', 'pipe', 'ignore'] });
    atEnd(() => this.program.kill('SIGKILL'));
    createInterface({ input: this.program.stdout! }).on('line', (text) => {
      this.#lines.push({ at: performance.now(), text });
      this.#waiting.forEach((wake) => wake());
    });
  }

  /** How many lines were read so far. */
  get count(): number {
    return this.#lines.length;
  }

  /** @returns when a line with this text was read, at the earliest at this time. */
  async line(pattern: RegExp, after: number): Promise<number> {
    const limit = performance.now() + 60_000;
    for (;;) {
      const found = this.#lines.find(({ at, text }) => at >= after && pattern.test(text));
      if (found) return found.at;
      if (performance.now() > limit) throw new Error(`no line ${String(pattern)}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, 1_000);
        this.#waiting.add(wake);
      });
    }
  }
}

export class Site {
  readonly host = new Namespace('host');
  readonly directory = temporaryDirectory('daemon');
  readonly containers = numbers.map((index) => `${this.host.name}-c${index}`);
  daemon: ChildProcess | undefined;

  constructor() {
    const batch = (verb: 'add' | 'delete'): void => {
      const input = this.containers.map((name) => `netns ${verb} ${name}\n`).join('');
      spawnSync('ip', ['-force', '-batch', '-'], { input });
    };
    atEnd(() => batch('delete'));
    batch('add');
    this.host.ip(
      'link add eth0 type veth peer name lan0',
      'address add 192.168.254.19/24 dev eth0',
      'link set eth0 up',
      'link set lan0 up',
    );
    mkdirSync(join(this.directory, 'manifests'));
    this.write('bridge', bridge('br0', { addresses: ['10.77.0.1/16'] }));
    for (let from = 0; from < LINKS; from += 100) {
      const some = numbers.slice(from, from + 100);
      this.write(`links-${from}`, ...some.map((index) => this.link(index)));
      this.write(`forwards-${from}`, ...some.map((index) => this.forward(index, 10_000 + index)));
      this.write(`policies-${from}`, ...some.map((index) => this.policy(index)));
    }
  }

  link(index: number, labels: Readonly<Record<string, string>> = {}): object {
    return {
      apiVersion: 'lxcnet.dev/v1alpha1',
      kind: 'Link',
      metadata: { name: `c${index}`, labels: { app: `c${index}`, ...labels } },
      spec: {
        bridge: 'br0',
        container: { netns: this.containers[index] },
        addresses: [`${addressOf(index)}/16`],
      },
    };
  }

  forward(index: number, port: number): object {
    return forward(`c${index}`, `c${index}`, [{ port, targetPort: 80 }]);
  }

  policy(index: number): object {
    const peer = { podSelector: { matchLabels: { app: `c${(index + 1) % LINKS}` } } };
    const client = { podSelector: { matchLabels: { client: `c${index}` } } };
    return policy(`c${index}`, `c${index}`, { ingress: [{ from: [peer, client], ports: [{ port: 80 }] }] });
  }

  write(name: string, ...documents: readonly object[]): void {
    const path = join(this.directory, 'manifests', `${name}.yaml`);
    writeFileSync(`${path}.new~`, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    renameSync(`${path}.new~`, path);
  }

  args(...words: readonly string[]): string[] {
    const at = (name: string): string => join(this.directory, name);
    return [...words, '--manifests', at('manifests'), '--state-dir', at('state'), '--runtime-dir', at('run')];
  }

  start(): void {
    const argv = [
      'netns',
      'exec',
      this.host.name,
      NODE,
      PROGRAM,
      ...this.args('run', '--log-level', 'error'),
    ];
    const daemon = spawn('ip', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
    atEnd(() => daemon.kill('SIGKILL'));
    this.daemon = daemon;
  }

  /** Starts the daemon, and waits until all is ready. @returns how long that took, in milliseconds. */
  async ready(): Promise<number> {
    const begun = performance.now();
    this.start();
    await pause(1_000);
    this.wait();
    return performance.now() - begun;
  }

  /** A host with nothing on it. */
  other(): Namespace {
    return new Namespace('other');
  }

  /** Stops the daemon. */
  stop(): void {
    this.daemon?.kill('SIGTERM');
  }

  wait(): void {
    const argv = ['wait', '--for=condition=Ready', '--all', '--timeout', '300s'];
    this.host.run([NODE, PROGRAM, ...argv, '--runtime-dir', join(this.directory, 'run')]);
  }
}

/** Of a process: CPU seconds so far, and resident MiB. */
export function usage(pid: number): { cpu: number; memory: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: (pages * 4096) / 2 ** 20 };
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
