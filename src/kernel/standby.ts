import { type ProgramResult, type StartedProgram, patienceWith, startProgram } from './programs.ts';

/** Node stands still while it starts a process: not before what depends on the last one has been done. Milliseconds. */
const RESTOCK_DELAY = 50;

/**
 * A program of which one instance always stands by, started and waiting for input, so that a change does not wait for
 * a process to start. Each instance serves one request: unlike a long-lived session it holds no cache of tables that other programs' changes could make wrong, and its exit status belongs to one request.
 */
export class StandbyProgram {
  readonly #file: string;
  readonly #args: readonly string[];
  readonly #onStart: (pid: number) => Promise<void> | undefined;
  #spare: StartedProgram | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param onStart Told the process id of each instance before it is given its input; where what this returns resolves, it
   * has done what it is for, and its end is not waited for.
   */
  constructor(
    file: string,
    args: readonly string[],
    onStart: (pid: number) => Promise<void> | undefined = () => undefined,
  ) {
    this.#file = file;
    this.#args = args;
    this.#onStart = onStart;
  }

  /**
   * Runs the program with this input.
   *
   * @param isAnswer Whether what it has printed is all that is wanted; then its end is not waited for.
   */
  async run(input: string, isAnswer?: (stdout: string) => boolean): Promise<ProgramResult> {
    const spare = this.#spare;
    this.#spare = undefined;
    // An instance that has ended meanwhile (killed by somebody) is of no use.
    const program = spare?.alive() === true ? spare : startProgram(this.#file, this.#args);
    const done = program.pid === undefined ? undefined : this.#onStart(program.pid);
    const result = await program.finish(input, patienceWith(input), isAnswer ?? done);
    this.#timer ??= setTimeout(() => this.#restock(), RESTOCK_DELAY).unref();
    return result;
  }

  /** Ends the instance that stands by. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spare?.kill();
    this.#spare = undefined;
  }
  #restock(): void {
    this.#timer = undefined;
    if (!this.#closed && this.#spare?.alive() !== true) this.#spare = startProgram(this.#file, this.#args);
  }
}
