import type { YamlError } from './yaml.ts';

/** What keeps a text from being JSON. @returns `undefined` where it is. */
export function jsonError(text: string): YamlError | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : '';
    const told = /line (?<line>\d+) column (?<column>\d+)/.exec(words)?.groups;
    const message = 'must be JSON, since the file is named .json';
    if (told) return { line: Number(told.line), column: Number(told.column), message };
    // V8 tells no place where the text ends too early, nor of an unexpected character.
    const isCut = words.startsWith('Unexpected end');
    const lines = (isCut ? text.trimEnd() : text.slice(0, firstUnexpected(text))).split('\n');
    return { line: lines.length, column: lines.at(-1)!.length + 1, message };
  }
}

/** Where the first character stands that cannot be JSON, whatever follows. */
function firstUnexpected(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (mayBecomeJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function mayBecomeJson(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const words = error instanceof Error ? error.message : '';
    const position = /at position (?<position>\d+)/.exec(words)?.groups?.position;
    return words.startsWith('Unexpected end') || Number(position) === beginning.length;
  }
}
