import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { reportProgram } from './command-report.ts';
import { type Conversation, type ProgramResult, converse, patienceWith } from './programs.ts';

/** So many that a few programs that hang leave room for others. */
const SHELLS = 6;
/** Above it are programs that could not be started, and those that a signal ended. */
const LARGEST_STATUS = 125;

/**
 * Runs programs from shells that stay. A process that Node starts costs as much as Node's own memory is large, 11 ms at
 * 350 MiB, and Node stands still for it; from a small shell it is 1 ms of another process. Each request is a fresh program,
 * so unlike a session of `nft` it holds no cache that others' changes could make wrong.
 */
export class Shells {
  readonly #idle: Shell[] = [];
  readonly #waiting: ((shell: Shell) => void)[] = [];
  #started = 0;
  #closed = false;

  /**
   * Runs a command with this input; never throws for what it does.
   *
   * @param command In the shell's words: no value may stand in it that was not checked.
   * @param input Whole lines; each ends with a line feed.
   * @param timeout Milliseconds until the command is killed.
   */
  async run(command: string, input = '', timeout = patienceWith(input)): Promise<ProgramResult> {
    const shell = await this.#take();
    const since = performance.now();
    const result = await shell.run(command, input, timeout);
    reportProgram(programOf(command), since, result);
    const next = shell.alive ? shell : new Shell();
    const waiting = this.#waiting.shift();
    if (waiting) waiting(next);
    else if (this.#closed) next.close();
    else this.#idle.push(next);
    return result;
  }

  /** Ends the shells, once they have done what they are at. */
  close(): void {
    this.#closed = true;
    this.#idle.splice(0).forEach((shell) => shell.close());
  }

  #take(): Promise<Shell> | Shell {
    const idle = this.#idle.pop();
    if (idle?.alive) return idle;
    if (idle) return new Shell();
    if (this.#started < SHELLS) {
      this.#started++;
      return new Shell();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** One word of a command, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One request at a time. */
class Shell {
  readonly #program: Conversation;
  #stdout = '';
  #stderr = '';
  #onOutput: () => void = () => undefined;
  #onEnd: (words: string) => void = () => undefined;
  alive = true;

  constructor() {
    const decoder = new StringDecoder('utf8');
    this.#program = converse('sh', ['-s'], {
      onStdout: (bytes) => {
        this.#stdout += decoder.write(bytes);
        this.#onOutput();
      },
      onStderr: (text) => {
        this.#stderr += text;
        this.#onOutput();
      },
    });
    void this.#program.ended.then(({ stderr }) => {
      this.alive = false;
      this.#onEnd(stderr);
    });
  }

  async run(command: string, input: string, timeout: number): Promise<ProgramResult> {
    const mark = randomUUID();
    // The output ends where both marks have come; the program cannot know them.
    const end = new RegExp(`${mark} (\\d+)\\n$`);
    this.#stdout = this.#stderr = '';
    // A promise for each request: what is chained to that of the shell's end would stay as long as the shell.
    const answered = new Promise<string | undefined>((resolve) => {
      this.#onOutput = () => {
        if (this.#stderr.endsWith(`${mark}\n`) && end.test(this.#stdout.slice(-mark.length - 8)))
          resolve(undefined);
      };
      this.#onEnd = resolve;
      if (!this.alive) resolve('');
    });
    // Where a program is may have changed since the shell has last looked for it.
    this.#program.write(`hash -r
{ ${command}
} <<'${mark}'
${input}${mark}
echo "${mark} $?"; echo "${mark}" >&2
`);
    let timedOut = false as boolean;
    const limit = setTimeout(() => {
      timedOut = true;
      this.#program.kill();
    }, timeout);
    const failure = await answered;
    clearTimeout(limit);
    const { pid } = this.#program;
    if (failure !== undefined) {
      const late = `${programOf(command)} has not answered within ${Math.round(timeout / 1000)} s`;
      const words = timedOut ? `${this.#stderr}${late}` : this.#stderr || failure || 'the shell has ended';
      return { stdout: this.#stdout, stderr: words, exitCode: undefined, pid, timedOut };
    }
    const status = end.exec(this.#stdout)!;
    const stdout = this.#stdout.slice(0, status.index);
    const stderr = this.#stderr.slice(0, -mark.length - 1);
    this.#stdout = this.#stderr = '';
    return { stdout, pid, ...ending(Number(status[1]), stderr) };
  }

  close(): void {
    this.#program.end();
  }
}

/** What a command is about. */
function programOf(command: string): string {
  return command.split(' ')[0]!;
}

/** What a shell says of a program as a number. */
function ending(status: number, stderr: string): Pick<ProgramResult, 'exitCode' | 'stderr'> {
  if (status <= LARGEST_STATUS) return { exitCode: status, stderr };
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  const words = signal === undefined ? stderr.replace(/^sh: \d+: /gm, '') : `it was killed by ${signal}`;
  return { exitCode: undefined, stderr: words };
}
