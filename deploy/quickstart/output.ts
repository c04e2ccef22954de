/** How the quickstart talks: a line per step, what it showed, and the time that took. */
export interface Output {
  title(text: string): void;
  text(text: string): void;
  step(what: string, detail: string, milliseconds?: number): void;
  failure(what: string, detail: string): void;
}

const WIDTH = 50;

/** Output with colours where it goes to a terminal. */
export function createOutput(stream: NodeJS.WriteStream = process.stdout): Output {
  const paint = (code: number, text: string): string =>
    stream.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
  const line = (text: string): void => void stream.write(`${text}\n`);
  return {
    title: (text) => line(`\n${paint(1, text)}`),
    text: (text) => line(text),
    step(what, detail, milliseconds) {
      const time = milliseconds === undefined ? '' : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
      line(`  ${paint(32, '✓')} ${what.padEnd(WIDTH)} ${time.padStart(9)}   ${paint(2, detail)}`);
    },
    failure: (what, detail) => line(`  ${paint(31, '✗')} ${what.padEnd(WIDTH)}             ${detail}`),
  };
}
