import type { Word } from './shell-word.ts';

/** Characters of a value or a word; what a script sets up has no longer ones, and each may contain others. */
const LONGEST = 1024;

/** The variables of a script, as far as its own lines say what they are. */
export class Variables {
  /** `undefined` for those that only a shell knows. */
  readonly #values = new Map<string, string | undefined>();
  #forgotten = false;

  /** @param doubtful Whether it is not sure that the line is run. */
  assign(word: Word, doubtful: boolean): void {
    const [first] = word;
    const name = /^[A-Za-z_]\w{0,63}/.exec(first?.text ?? '')?.[0];
    if (first?.kind !== 'text' || name === undefined) return;
    const rest = first.text.slice(name.length + 1);
    const value = this.#join([{ ...first, text: rest }, ...word.slice(1)]);
    this.#values.set(name, doubtful || 'problem' in value ? undefined : value.text);
  }

  /** A variable, or all of them, may have become anything. */
  forget(name?: string): void {
    if (name !== undefined) this.#values.set(name, undefined);
    else {
      this.#values.clear();
      this.#forgotten = true;
    }
  }

  /** The words of a command with the values of variables in them; or why that cannot be told. */
  expand(words: readonly Word[]): readonly string[] | string {
    const expanded: string[] = [];
    for (const word of words) {
      const joined = this.#join(word);
      if ('problem' in joined) return joined.problem;
      const splits = word.some(
        ({ kind, ...part }) => kind === 'variable' && !('quoted' in part && part.quoted),
      );
      if (!splits) expanded.push(joined.text);
      else expanded.push(...joined.text.split(/\s+/).filter((part) => part !== ''));
    }
    return expanded;
  }

  #join(word: Word): { readonly text: string } | { readonly problem: string } {
    let text = '';
    for (const part of word) {
      if (part.kind === 'unknown') return { problem: `only a shell knows what \`${part.text}\` is` };
      const piece = part.kind === 'text' ? part.text : this.#values.get(part.text);
      if (piece === undefined) return { problem: this.#problem(part.text) };
      text += piece;
      if (text.length > LONGEST) return { problem: 'a word is too long' };
    }
    return { text };
  }

  #problem(name: string): string {
    return this.#values.has(name) || this.#forgotten
      ? `it is not sure what \`$${name}\` is`
      : `\`$${name}\` is not set in this file`;
  }
}
