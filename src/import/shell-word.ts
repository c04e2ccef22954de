import type { Cursor } from './cursor.ts';

/** A piece of a word: what it says, a variable, or something that only a shell can know. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'variable'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'unknown'; readonly text: string };
export type Word = readonly Part[];

/** Characters between quotes; more than that, and a closing quote is missing. */
const LONGEST_QUOTE = 4096;

/** Reads one word of a shell script. */
export class WordReader {
  readonly #cursor: Cursor;
  /** Why the rest of the line was given up. */
  broken: string | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  read(): Word {
    const parts: Part[] = [];
    let plain = '';
    const flush = (): void => {
      if (plain !== '') parts.push({ kind: 'text', text: plain, quoted: false });
      plain = '';
    };
    for (;;) {
      if (this.#cursor.continued()) continue;
      const character = this.#cursor.text[this.#cursor.at];
      if (character === undefined || /[ \t\r\n;|&()<>]/.test(character)) break;
      if (character === '\\') {
        plain += this.#cursor.text[this.#cursor.at + 1] ?? '';
        this.#cursor.at += 2;
      } else if (character === "'" || character === '"' || character === '`') {
        flush();
        parts.push(...this.#quoted(character));
      } else if (character === '$') {
        flush();
        parts.push(this.#expansion(false));
      } else {
        plain += character;
        this.#cursor.at++;
      }
    }
    flush();
    return parts;
  }

  #quoted(quote: string): readonly Part[] {
    const start = this.#cursor.at + 1;
    const end = this.#closing(quote, start);
    if (end === undefined) return [this.#unclosed('a quote is not closed')];
    if (quote === '"') return this.#insideQuotes(end);
    const text = this.#cursor.text.slice(start, end);
    this.#cursor.skipTo(end + 1);
    return [quote === "'" ? { kind: 'text', text, quoted: true } : { kind: 'unknown', text: '`' }];
  }

  #closing(quote: string, start: number): number | undefined {
    let end = start;
    const last = Math.min(this.#cursor.text.length, start + LONGEST_QUOTE);
    while (end < last && this.#cursor.text[end] !== quote)
      end += quote !== "'" && this.#cursor.text[end] === '\\' ? 2 : 1;
    return this.#cursor.text[end] === quote ? end : undefined;
  }

  #insideQuotes(closing: number): readonly Part[] {
    const parts: Part[] = [{ kind: 'text', text: '', quoted: true }];
    let end: number | undefined = closing;
    this.#cursor.at++;
    while (this.#cursor.at !== end) {
      // A substitution with quotes of its own goes beyond what looked like the end.
      if (this.#cursor.at > end) end = this.#closing('"', this.#cursor.at);
      if (end === undefined) return [...parts, this.#unclosed('a quote is not closed')];
      if (this.#cursor.at === end) break;
      const character = this.#cursor.text[this.#cursor.at]!;
      if (character === '$') parts.push(this.#expansion(true));
      else if (character === '`') {
        parts.push({ kind: 'unknown', text: '`' });
        this.#cursor.at++;
      } else {
        const escaped = character === '\\' && /["\\$`\n]/.test(this.#cursor.text[this.#cursor.at + 1] ?? '');
        const text = escaped ? this.#cursor.text[this.#cursor.at + 1]! : character;
        parts.push({ kind: 'text', text: escaped && text === '\n' ? '' : text, quoted: true });
        this.#cursor.skipTo(this.#cursor.at + (escaped ? 2 : 1));
      }
    }
    this.#cursor.skipTo(end + 1);
    return parts;
  }

  /** `$NAME`, `${NAME}`, or what only a shell can know. */
  #expansion(quoted: boolean): Part {
    const pattern = /\$(?:([A-Za-z_]\w{0,63})|\{([A-Za-z_]\w{0,63})\})/y;
    pattern.lastIndex = this.#cursor.at;
    const match = pattern.exec(this.#cursor.text);
    if (match) {
      this.#cursor.at += match[0].length;
      return { kind: 'variable', text: match[1] ?? match[2]!, quoted };
    }
    const next = this.#cursor.text[this.#cursor.at + 1] ?? '';
    if (next === '(' || next === '{') return this.#substitution(next);
    this.#cursor.at += 1;
    if (!/[0-9@*#?$!-]/.test(next)) return { kind: 'text', text: '$', quoted };
    this.#cursor.at += 1;
    return { kind: 'unknown', text: `$${next}` };
  }

  #substitution(open: '(' | '{'): Part {
    const close = open === '(' ? ')' : '}';
    const last = Math.min(this.#cursor.text.length, this.#cursor.at + LONGEST_QUOTE);
    let depth = 0;
    for (let end = this.#cursor.at + 1; end < last; end++) {
      if (this.#cursor.text[end] === open) depth++;
      if (this.#cursor.text[end] === close && --depth === 0) {
        this.#cursor.skipTo(end + 1);
        return { kind: 'unknown', text: open === '(' ? '$(…)' : '${…}' };
      }
    }
    return this.#unclosed('a bracket is not closed');
  }

  /** Gives the rest of the line up. */
  #unclosed(reason: string): Part {
    this.broken = reason;
    this.#cursor.at = this.#cursor.endOfLine();
    return { kind: 'unknown', text: '…' };
  }
}
