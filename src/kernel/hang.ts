import { type StartedProgram, startProgram } from './programs.ts';

const PROBE_PATIENCE = 5_000;
/** Between two probes. */
const PROBE_DELAY = 1_000;

/**
 * Remembers that a program hangs, so that nobody else waits for it: from then on it is asked in the background whether it
 * answers again, and by nobody else until it does.
 */
export class Hang {
  readonly #file: string;
  readonly #args: readonly string[];
  #words: string | undefined;
  #probe: StartedProgram | undefined;
  #closed = false;
  #ended = false;

  /** @param args A question that any state of the kernel has an answer to, at once. */
  constructor(file: string, args: readonly string[]) {
    this.#file = file;
    this.#args = args;
  }

  /** What it was like when it hung; `undefined` where it answers. */
  get words(): string | undefined {
    return this.#words;
  }

  /** Whether it answers again since this was last asked. */
  takeEnd(): boolean {
    const ended = this.#ended;
    this.#ended = false;
    return ended;
  }

  /** Says that it hangs. */
  begin(words: string): void {
    if (this.#words !== undefined || this.#closed) return;
    this.#words = words;
    void this.#untilAnswered();
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true;
    this.#probe?.kill();
  }

  async #untilAnswered(): Promise<void> {
    while (!this.#closed) {
      this.#probe = startProgram(this.#file, this.#args);
      const { timedOut = false } = await this.#probe.finish('', PROBE_PATIENCE);
      if (!timedOut) break;
      await new Promise((resolve) => setTimeout(resolve, PROBE_DELAY).unref());
    }
    this.#words = undefined;
    this.#ended = true;
  }
}
