import { createInterface } from 'node:readline';
import type { CommandIo } from './io.ts';

/** Listens to whoever sits at the terminal. */
export interface TrialPrompt {
  /** From now on what is typed counts. @param onAnswer Told whether to keep what is on trial; it may be asked again. */
  ask(onAnswer: (keep: boolean) => void): void;
  close(): void;
}

/**
 * Enter, or `confirm`, keeps it, and Ctrl-C does not. What was typed before the question is no answer to it, and where
 * nobody sits at a terminal only the word counts: the end of a pipe, or an empty line in it, confirms nothing.
 */
export function openPrompt(io: CommandIo): TrialPrompt {
  const { stdin } = process;
  let answer: ((keep: boolean) => void) | undefined;
  const interrupted = (): void => answer?.(false);
  stdin.on('error', () => undefined); // a terminal that is gone
  const lines = createInterface({ input: stdin, terminal: false });
  lines.on('line', (line) => {
    const word = line.trim();
    if (word === 'confirm' || (word === '' && stdin.isTTY)) answer?.(true);
    else if (answer) io.stderr("lxcnet: type 'confirm' to keep it; Ctrl-C goes back at once");
  });
  return {
    ask(onAnswer) {
      answer = onAnswer;
      process.on('SIGINT', interrupted);
    },
    close() {
      answer = undefined;
      lines.close();
      stdin.destroy();
      process.off('SIGINT', interrupted);
    },
  };
}
