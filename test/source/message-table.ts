import { expect, it } from 'vitest';
import { errorsOf } from './examples.ts';

/** What is wrong, the manifest, and every message about it. */
export type MessageTable = readonly (readonly [name: string, text: string, ...messages: string[]])[];

/** Every message is as the table says, in our words, and one line. */
export function checkMessages(table: MessageTable): void {
  it.each(table)('tell about %s', (_name, text, ...messages) => {
    expect(errorsOf(text)).toEqual(messages.map((message) => `a.yaml:${message}`));
  });

  it('never use the words of the schema library', () => {
    for (const [, text] of table) expect(errorsOf(text).join('\n')).not.toMatch(/invalid input|expected/i);
  });

  it('are one line each', () => {
    for (const [, text] of table) for (const error of errorsOf(text)) expect(error).not.toMatch(/[\r\n]/);
  });
}
