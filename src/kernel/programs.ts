import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { execa } from 'execa';
import { reportProgram } from './command-report.ts';

/** How a program ended. */
export interface ProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  /** `undefined` where it was killed or could not be started. */
  readonly exitCode: number | undefined;
  readonly pid: number | undefined;
  /** It was killed since it took too long. */
  readonly timedOut?: boolean;
}

/** Where programs are looked for. */
export const PROGRAM_FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/**
 * Programs see this environment and nothing of the daemon's own. Where there is no home at all, `nft -i` reads and writes its
 * history in the root directory.
 */
const ENVIRONMENT = { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', HOME: '/nonexistent' };

const LONGEST_LINE = 64 * 1024;
const LARGEST_OUTPUT = 512 * 1024 * 1024;

export interface RunOptions {
  readonly input?: string;
  /** Milliseconds; the program is killed after that. Default: {@link patienceWith}. */
  readonly timeout?: number;
}

/**
 * How long a program may take that is given this, in milliseconds: ten seconds, and for large batches on a slow machine
 * ten milliseconds more for each line and each kilobyte. What hangs is killed after that, so that the rest goes on.
 */
export function patienceWith(input: string): number {
  const lines = input.split('\n').length - 1;
  return 10_000 + 10 * (lines + Math.ceil(input.length / 1024));
}

/** Runs a program to its end. Never throws for what the program does: a failure to start is told in `stderr`. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  return startProgram(file, args).finish(
    options.input ?? '',
    options.timeout ?? patienceWith(options.input ?? ''),
  );
}

/** A program that was started and waits for its input. */
export interface StartedProgram {
  readonly pid: number | undefined;
  /** Whether it still runs. */
  alive(): boolean;
  /**
   * Gives it its whole input and waits for its end, at most so many milliseconds.
   *
   * @param enough Whether what it has printed so far is all that is wanted of it, or what resolves when it has done what
   * it is for; then its end is not waited for.
   */
  finish(
    input: string,
    timeout: number,
    enough?: ((stdout: string) => boolean) | Promise<void>,
  ): Promise<ProgramResult>;
  kill(): void;
}

/** Starts a program whose input is given later. */
export function startProgram(file: string, args: readonly string[]): StartedProgram {
  const program = execa(file, args, {
    env: ENVIRONMENT,
    extendEnv: false,
    stdin: 'pipe',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: LARGEST_OUTPUT,
    // A group of its own: what a shell has started is killed with it, and would otherwise be waited for.
    detached: true,
  });
  let alive = true;
  const ended = program.finally(() => (alive = false));
  const kill = (): void => killGroup(program.pid);
  program.stdin.on('error', () => undefined); // it may end before it has read everything; its exit tells why
  return {
    pid: program.pid,
    alive: () => alive,
    kill,
    async finish(input, timeout, enough) {
      const since = performance.now();
      const limit = setTimeout(kill, timeout);
      void ended.then(() => clearTimeout(limit));
      const answer =
        typeof enough === 'function' ? answerOf(program.stdout, enough) : enough?.then(() => SILENT_SUCCESS);
      program.stdin.end(input);
      const { stdout, stderr, exitCode, shortMessage } = await (answer
        ? Promise.race([answer, ended])
        : ended);
      const timedOut = exitCode === undefined && performance.now() - since >= timeout;
      const late = `${file} has not answered within ${Math.round(timeout / 1000)} s`;
      const words = exitCode === 0 || stderr !== '' ? stderr : (shortMessage ?? '');
      const told = timedOut ? `${stderr}${late}` : words;
      const result = { stdout, stderr: told, exitCode, pid: program.pid, timedOut };
      reportProgram(file, since, result);
      return result;
    },
  };
}

/** Of a program that was not waited for. */
interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: 0;
  readonly shortMessage?: undefined;
}

const SILENT_SUCCESS: Answer = { stdout: '', stderr: '', exitCode: 0 };

/** What a program prints until it is all that is wanted; never where that does not come. */
function answerOf(stream: Readable, isAnswer: (stdout: string) => boolean): Promise<Answer> {
  return new Promise((resolve) => {
    const decoder = new StringDecoder('utf8');
    let stdout = '';
    stream.on('data', (chunk: Buffer) => {
      stdout += decoder.write(chunk);
      if (isAnswer(stdout)) resolve({ stdout, stderr: '', exitCode: 0 });
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** A program that prints lines until it is stopped. */
export interface LineProgram {
  readonly pid: number | undefined;
  readonly ended: Promise<ProgramResult>;
  /** Grows with everything that it prints. */
  printed(): number;
  stop(): void;
}

/** Starts a program and hands over each line that it prints, on either stream. */
export function followProgram(
  file: string,
  args: readonly string[],
  onLines: (lines: readonly string[]) => void,
): LineProgram {
  const program = execa(file, args, {
    env: ENVIRONMENT,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    buffer: false,
  });
  let printed = 0;
  for (const stream of [program.stdout, program.stderr]) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      printed += chunk.length;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      // nft 1.0.6 prints hundreds of kilobytes of garbage for some elements.
      if (rest.length > LONGEST_LINE) rest = rest.slice(-LONGEST_LINE);
      if (lines.length > 0) onLines(lines);
    });
  }
  const ended = program.then((result) => endOf(result, program.pid));
  // Not SIGTERM: that one would wait where somebody has stopped the program.
  return { pid: program.pid, ended, printed: () => printed, stop: () => void program.kill('SIGKILL') };
}

interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Why it could not be started. */
  readonly originalMessage?: string | undefined;
}

/** How a program ended that stays; not in execa's words, which repeat its arguments, of which one may be a script. */
function endOf({ exitCode, signal, originalMessage = '' }: Ended, pid: number | undefined): ProgramResult {
  const how =
    signal === undefined ? `it has ended with ${exitCode ?? 'an error'}` : `it was killed by ${signal}`;
  const stderr = exitCode === 0 ? '' : originalMessage || how;
  return { stdout: '', stderr, exitCode, pid };
}

/** A program that is given its input bit by bit, and whose output is read as it comes. */
export interface Conversation {
  readonly pid: number | undefined;
  readonly ended: Promise<ProgramResult>;
  write(input: string | Uint8Array): void;
  /** Tells it that there is no more input. */
  end(): void;
  /** Kills it, and what it has started. */
  kill(): void;
}

/** Starts a program to talk to. */
export function converse(
  file: string,
  args: readonly string[],
  { onStdout, onStderr }: { onStdout: (bytes: Buffer) => void; onStderr: (text: string) => void },
): Conversation {
  const program = execa(file, args, {
    env: ENVIRONMENT,
    extendEnv: false,
    stdin: 'pipe',
    reject: false,
    buffer: false,
    // A group of its own, so that what it has started can be killed with it.
    detached: true,
  });
  program.stdout.on('data', onStdout);
  program.stderr.setEncoding('utf8').on('data', onStderr);
  program.stdin.on('error', () => undefined); // it may have ended; its exit tells why
  const ended = program.then((result) => endOf(result, program.pid));
  return {
    pid: program.pid,
    ended,
    write: (input) => void program.stdin.write(input),
    end: () => void program.stdin.end(),
    kill: () => killGroup(program.pid),
  };
}
