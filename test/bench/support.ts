import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '../../src/kernel/programs.ts';
import { removeNamespace } from '../support/netns.ts';
import { median } from './statistics.ts';

/** What a scenario found out. Without a target it is there to explain the others. */
export interface Figure {
  readonly scenario: string;
  readonly name: string;
  readonly value: number;
  readonly unit: '×' | 'ms' | 'ns' | '/s' | '%' | 'MiB' | 'lines';
  /** The most that the value may be. */
  readonly target?: number;
}

export type Report = (name: string, value: number, unit: Figure['unit'], target?: number) => void;
export type Scenario = (report: Report) => Promise<void>;

const PREFIX = `lxnb${process.pid}x`;
let made = 0;
const cleanups = new Set<() => void>();

/** Does something when the benchmark ends, also when it is interrupted. @returns does it now. */
export function atEnd(work: () => void): () => void {
  const once = (): void => {
    if (cleanups.delete(once)) work();
  };
  cleanups.add(once);
  return once;
}

process.on('exit', () => [...cleanups].reverse().forEach((work) => work()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** A name that no other run of the benchmark uses. */
export function uniqueName(label: string): string {
  return `${PREFIX}${made++}-${label}`;
}

export function temporaryDirectory(label: string): string {
  const path = mkdtempSync(join(tmpdir(), `${uniqueName(label)}-`));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A network namespace that lives as long as the benchmark, or until it is removed. */
export class Namespace {
  readonly name: string;
  readonly remove: () => void;

  constructor(label: string) {
    this.name = uniqueName(label);
    this.remove = atEnd(() => removeNamespace(this.name));
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link set lo up');
  }

  /** Carries out commands of `ip`, a line each. */
  ip(...lines: readonly string[]): void {
    execFileSync('ip', ['-n', this.name, '-batch', '-'], { input: lines.join('\n') });
  }

  #command(argv: readonly string[]): string[] {
    return [`--net=/run/netns/${this.name}`, '--', ...argv];
  }

  /** Runs a program inside. @returns what it printed. */
  run(argv: readonly string[], input = ''): string {
    const { status, stdout, stderr } = spawnSync('nsenter', this.#command(argv), {
      encoding: 'utf8',
      input,
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stdout}${stderr}`.slice(0, 2000));
    return stdout;
  }

  /** Starts a program inside, and does not wait for it: whoever waited would see too late what it does. */
  launch(argv: readonly string[]): void {
    const child = spawn('nsenter', this.#command(argv), { stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('exit', (code) => {
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}`);
    });
  }

  /** Starts a program inside that runs until the end. @returns it, once it has printed something. */
  async start(argv: readonly string[]): Promise<ChildProcess> {
    const child = spawn('nsenter', this.#command(argv), { stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(() => child.kill('SIGKILL'));
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`${argv.join(' ')} ended with ${code}`)));
    });
    return child;
  }

  sysctl(name: string, value: string): void {
    this.run(['sysctl', '-qw', `${name}=${value}`]);
  }

  /**
   * One transaction, by an nft that stands by, as lxcnet has it.
   *
   * @returns milliseconds from its input to its end.
   */
  async nft(transaction: string): Promise<number> {
    const program = startProgram('nsenter', this.#command(['nft', '-f', '-']));
    await new Promise((resolve) => setTimeout(resolve, 25));
    const start = performance.now();
    const { exitCode, stderr } = await program.finish(transaction, 600_000);
    const took = performance.now() - start;
    if (exitCode !== 0) throw new Error(`nft: ${stderr.slice(0, 2000)}`);
    return took;
  }
}

/** Milliseconds. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/**
 * Measures several things in turn, round by round, so that what the machine does besides meets all of them. The first
 * round does not count.
 *
 * @returns the median of each.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  arms: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(arms) as Name[];
  const values = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    // Every other round goes backwards: whoever comes after a slow one is not always the same.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await arms[name]();
      if (round > 0) values.get(name)!.push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(values.get(name)!)])) as Record<Name, number>;
}
