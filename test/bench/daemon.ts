import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bridge, forward, policy } from '../support/manifests.ts';
import { Namespace, type Scenario, atEnd, temporaryDirectory } from './support.ts';
import { median, percentile } from './statistics.ts';

/*
 * The daemon with 1000 Links, policies and forwards: how soon an edit is in force, how soon drift is put right, and what it
 * costs to have it. Times count from the edit, or from the command that did the damage, to the kernel's event of the repair.
 */

const LINKS = 1000;
const ROUNDS = 15;
/** Long enough that neither the pace of passes nor a contest holds anything back: drift is rare. Milliseconds. */
const BETWEEN = 1_000;
/** Seconds. */
const IDLE = 20;
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const PROGRAM = join(import.meta.dirname, '../../dist/src/main.js');
const numbers = Array.from({ length: LINKS }, (_, index) => index);
const addressOf = (index: number): string => `10.77.${1 + (index >> 7)}.${1 + (index & 127)}`;

/** Lines of a monitor, and the time at which each was read. */
class Monitor {
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

  /** @returns when a line with this text was read, at the earliest at this time. */
  async line(pattern: RegExp, after: number): Promise<number> {
    const limit = performance.now() + 20_000;
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

class Site {
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

  wait(): void {
    const argv = ['wait', '--for=condition=Ready', '--all', '--timeout', '300s'];
    this.host.run([NODE, PROGRAM, ...argv, '--runtime-dir', join(this.directory, 'run')]);
  }
}

/** Of a process: CPU seconds so far, and resident MiB. */
function usage(pid: number): { cpu: number; memory: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: (pages * 4096) / 2 ** 20 };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export const daemon: Scenario = async (report) => {
  const site = new Site();
  const { host } = site;
  const begun = performance.now();
  site.start();
  await pause(1_000);
  site.wait();
  report(`${LINKS} Links, policies and forwards ready`, performance.now() - begun, 'ms');
  const nft = new Monitor(host.name, ['nft', 'monitor']);
  const ip = new Monitor(host.name, ['ip', '-o', 'monitor', 'link', 'address']);
  await pause(500);

  const measure = async (
    name: string,
    damage: (round: number) => void,
    repaired: (round: number, after: number) => Promise<number>,
    target?: number,
  ): Promise<void> => {
    const times: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const start = performance.now();
      damage(round);
      times.push((await repaired(round, start)) - start);
      await pause(BETWEEN);
    }
    report(`${name}: median`, median(times.slice(1)), 'ms', target);
    report(`${name}: p95`, percentile(times.slice(1), 95), 'ms');
  };
  const added = (pattern: string) => (_: number, after: number) =>
    nft.line(new RegExp(`^add element inet lxcnet ${pattern}`), after);

  await measure(
    'a label edited',
    (round) =>
      site.write(
        'links-0',
        ...numbers
          .slice(0, 100)
          .map((index) => site.link(index, index === 7 ? { client: `c${300 + round}` } : {})),
      ),
    added(`peer_port4 .*${addressOf(7)} `),
  );
  await measure(
    'a forward edited',
    (round) =>
      site.write(
        'forwards-0',
        ...numbers
          .slice(0, 100)
          .map((index) => site.forward(index, index === 7 ? 20_000 + round : 10_000 + index)),
      ),
    (round, after) =>
      nft.line(new RegExp(`^add element inet lxcnet dnat_interface4 .*${20_000 + round}`), after),
  );
  await measure(
    'an element deleted, healed',
    (round) =>
      host.run(['nft', 'delete', 'element', 'inet', 'lxcnet', 'denied_egress4', `{ ${addressOf(round)} }`]),
    (round, after) => added(`denied_egress4 .*${addressOf(round)} `)(round, after),
    15,
  );
  await measure(
    'a link taken down, healed',
    (round) => host.ip(`link set dev lx-c${50 + round} down`),
    (round, after) => ip.line(new RegExp(`: lx-c${50 + round}@.*[<,]UP[,>].*LOWER_UP`), after),
    15,
  );
  await pause(2_000);
  const before = usage(site.daemon!.pid!);
  await pause(IDLE * 1_000);
  const after = usage(site.daemon!.pid!);
  report('idle: share of one core', ((after.cpu - before.cpu) / IDLE) * 100, '%', 0.5);
  report('resident memory', after.memory, 'MiB', 150);
  site.daemon!.kill('SIGTERM');
};
