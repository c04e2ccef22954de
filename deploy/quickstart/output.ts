/** What a step showed, and how long it took where that is less than the whole step. */
export interface Shown {
  readonly detail: string;
  readonly milliseconds?: number;
}

/** How the quickstart talks: a line per step, the time that it took, and what it showed. */
export interface Output {
  title(text: string): void;
  text(text: string): void;
  /** Names the step while it runs, on a terminal, and then tells how it went. @throws {Error} What `work` throws. */
  step(what: string, work: () => Promise<string | Shown>): Promise<void>;
}

const WIDTH = 50;
const BACK_TO_START = '\r\u001b[2K';

/** Output with colours where it goes to a terminal that wants them. */
export function createOutput(stream: NodeJS.WriteStream = process.stdout): Output {
  const terminal = stream.isTTY;
  const coloured = terminal && !process.env.NO_COLOR;
  const paint = (code: number, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text: string): void => void stream.write(`${text}\n`);
  const finish = (mark: string, what: string, milliseconds: number, detail: string): void => {
    const time = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
    const start = terminal ? BACK_TO_START : '';
    line(`${start}  ${mark} ${what.padEnd(WIDTH)} ${time.padStart(9)}   ${paint(2, detail)}`);
  };
  return {
    title: (text) => line(`\n${paint(1, text)}`),
    text: line,
    async step(what, work) {
      if (terminal) stream.write(`  ${paint(33, '…')} ${what}`);
      const start = performance.now();
      try {
        const shown = await work();
        const { detail, milliseconds = performance.now() - start } =
          typeof shown === 'string' ? { detail: shown } : shown;
        finish(paint(32, '✓'), what, milliseconds, detail);
      } catch (error) {
        finish(paint(31, '✗'), what, performance.now() - start, '');
        throw error;
      }
    },
  };
}
