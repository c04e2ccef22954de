import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, NODE, PROGRAM } from './lab.ts';

/** Runs a program on a terminal that goes away with this process; what it prints is passed on, and what it reads typed. */
const ON_TERMINAL = `
import os, pty, sys, select
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
while True:
    ready, _, _ = select.select([terminal, 0], [], [])
    if 0 in ready: os.write(terminal, os.read(0, 100))
    if terminal in ready:
        try: text = os.read(terminal, 1000)
        except OSError: break
        os.write(1, text)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** `lxcnet apply --confirm` that runs beside the test. */
export class OnTrial {
  output = '';
  readonly #lab: Lab;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  /** @param around What runs it: a terminal, for example. */
  constructor(lab: Lab, duration: string, around: readonly string[] = []) {
    this.#lab = lab;
    const options = ['--manifests', lab.manifests, ...directories(lab), '--confirm', duration];
    const program = [...around, NODE, PROGRAM, 'apply', ...options];
    this.#process = spawn('ip', ['netns', 'exec', lab.host.name, ...program], { stdio: 'pipe' });
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    this.#process.stdin!.on('error', () => undefined);
    this.#ended = once(this.#process, 'exit');
  }

  static onTerminal(lab: Lab, duration: string): OnTrial {
    return new OnTrial(lab, duration, ['python3', '-c', ON_TERMINAL]);
  }

  type(text: string): void {
    this.#process.stdin!.write(text);
  }

  /** Ends it, or the terminal that it runs on. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  async asked(): Promise<void> {
    await this.#lab.eventually('it asks', () => this.output.includes('to keep it, press Enter'));
  }

  /** Waits until it has ended. @returns its exit status. */
  async status(): Promise<unknown> {
    return (await this.#ended)[0];
  }
}

/** The process that watches over the trial of a lab; `undefined` where there is none. */
export function guardOf(lab: Lab): number | undefined {
  const pid = readdirSync('/proc').find((name) => {
    const text = existsSync(`/proc/${name}/cmdline`) ? commandOf(name) : '';
    return text.includes('trial-guard') && text.includes(lab.directory);
  });
  return pid === undefined ? undefined : Number(pid);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Keeps what is on trial. @returns the exit status and what it says. */
export function confirmed(lab: Lab): { status: number; stderr: string } {
  return lab.cli('apply', '--confirmed');
}

const directories = (lab: Lab): readonly string[] => [
  '--state-dir',
  join(lab.directory, 'state'),
  '--runtime-dir',
  join(lab.directory, 'run'),
];
