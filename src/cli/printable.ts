/** Controls, line and paragraph separators, and marks that reverse the direction of text. */

const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A value as one line that can neither forge another line nor command the terminal. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for text that consists of lines, and may have tabs. */
export function printableLines(text: string): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line) => line.split('\t').map(printable).join('\t'));
}
