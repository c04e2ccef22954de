import type { ProgramResult } from './programs.ts';

/** Characters that could end a word or a line of an `ip -batch`, or be read as a comment, a quote or a continuation. */
const NOT_A_WORD = /[\s"'#\\\u0000-\u001f\u007f-\u{10ffff}]/u;

/**
 * One line of an `ip -batch`.
 *
 * @throws {RangeError} When an argument is not exactly one word; a validated manifest has no such value.
 */
export function renderIpCommand(args: readonly string[]): string {
  for (const arg of args) {
    if (arg === '' || NOT_A_WORD.test(arg))
      throw new RangeError(`Cannot use ${JSON.stringify(arg)} as an argument of ip`);
  }
  return args.join(' ');
}

/**
 * The errors of an `ip -force -batch -`, one place per line of the batch: what ip printed before `Command failed -:N`.
 * A program that died without that leaves its last words to every line that had not been answered.
 */
export function batchErrors(result: ProgramResult, lines: number): (string | undefined)[] {
  const errors = Array<string | undefined>(lines).fill(undefined);
  let words: string[] = [];
  for (const line of result.stderr.split('\n')) {
    const failed = /^Command failed -:(\d+)$/.exec(line);
    if (failed) {
      const index = Number(failed[1]) - 1;
      if (index < lines) errors[index] = messageOf(words);
      words = [];
    } else if (line.trim() !== '') {
      words.push(line.trim());
    }
  }
  if (result.exitCode === 0) return errors;
  // It ended before it had read everything: an argument that it does not understand, a signal. What it had done is told
  // by silence, so everything after the last answer counts as not done.
  const answered = errors.findLastIndex((error) => error !== undefined) + 1;
  const cutShort = result.exitCode === undefined || words.length > 0 || answered === 0;
  return cutShort ? errors.map((error, index) => (index < answered ? error : messageOf(words))) : errors;
}

function messageOf(words: readonly string[]): string {
  const text = words
    .filter((line) => !line.startsWith('Usage:'))
    .map((line) => line.replace(/^(RTNETLINK answers|Error): /, ''))
    .join('; ');
  return text === '' ? 'ip gave no reason' : text;
}
