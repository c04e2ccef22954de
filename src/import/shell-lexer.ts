/*
 * Takes a shell script apart as a shell does, as far as is needed to see which commands it has; nothing is ever run.
 */

import { Cursor } from './cursor.ts';
import { type Word, WordReader } from './shell-word.ts';

export interface Redirect {
  readonly operator: string;
  readonly target: Word;
}

export interface TextLine {
  readonly line: number;
  readonly text: string;
}

export interface ShellCommand extends TextLine {
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
  /** The operator before it: `&&`, `||`, `|`, `;`, or one of a group: `(`, `)`. */
  readonly after: string;
  /** Here-documents. */
  readonly bodies: readonly TextLine[];
  /** Why it cannot be read. */
  readonly broken?: string;
}

const OPERATORS = ['&&', '||', ';;', ';', '|', '&', '(', ')', '\n'];
const REDIRECT = /(?:\d{0,2}(?:>>|>&|>\||<<-|<<<|<<|<&|<>|>|<)|&>>?)/y;

/** The commands of a script, in their order. Never throws; takes time in proportion to the length of the text. */
export function lexShell(text: string): readonly ShellCommand[] {
  return new Lexer(text).commands();
}

interface Draft {
  start: number;
  line: number;
  words: Word[];
  redirects: Redirect[];
  after: string;
  broken?: string;
}

class Lexer {
  readonly #cursor: Cursor;
  readonly #found: ShellCommand[] = [];
  #bodies: { command: number; end: string; indented: boolean }[] = [];
  #draft: Draft = draftAt(0, 1, '');

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  commands(): readonly ShellCommand[] {
    while (this.#cursor.at < this.#cursor.text.length) this.#step();
    this.#end('');
    return this.#found;
  }

  #step(): void {
    if (this.#cursor.continued()) return;
    const character = this.#cursor.text[this.#cursor.at]!;
    if (character === ' ' || character === '\t' || character === '\r') {
      this.#cursor.at++;
      return;
    }
    if (character === '#') {
      this.#cursor.at = this.#cursor.endOfLine();
      return;
    }
    REDIRECT.lastIndex = this.#cursor.at;
    const redirect = REDIRECT.exec(this.#cursor.text)?.[0];
    if (redirect !== undefined) {
      this.#redirect(redirect);
      return;
    }
    const operator = OPERATORS.find((one) => this.#cursor.text.startsWith(one, this.#cursor.at));
    if (operator !== undefined) {
      this.#operator(operator);
      return;
    }
    this.#begin();
    this.#draft.words.push(this.#word());
  }

  #begin(): void {
    const { words, redirects } = this.#draft;
    if (words.length > 0 || redirects.length > 0) return;
    this.#draft.start = this.#cursor.at;
    this.#draft.line = this.#cursor.line;
  }

  #operator(operator: string): void {
    this.#end(operator === '\n' ? ';' : operator);
    this.#cursor.at += operator.length;
    if (operator === '(' || operator === ')') {
      this.#found.push({
        line: this.#cursor.line,
        text: operator,
        words: [[{ kind: 'text', text: operator, quoted: false }]],
        redirects: [],
        after: ';',
        bodies: [],
      });
      this.#draft.after = ';';
    }
    if (operator !== '\n') return;
    this.#cursor.line++;
    this.#readBodies();
  }

  /** Ends the command that is being read. */
  #end(operator: string): void {
    const { start, line, words, redirects, after, broken } = this.#draft;
    if (words.length + redirects.length > 0 || broken !== undefined) {
      const raw = this.#cursor.text.slice(start, this.#cursor.at).replace(/\\\r?\n/g, ' ');
      const text = raw.replace(/\s+/g, ' ').trim();
      this.#found.push({
        line,
        text,
        words,
        redirects,
        after,
        bodies: [],
        ...(broken !== undefined && { broken }),
      });
      this.#draft = draftAt(this.#cursor.at, this.#cursor.line, operator);
    } else if (operator !== ';') this.#draft = draftAt(this.#cursor.at, this.#cursor.line, operator);
    // A line break after `&&` or `|` does not end what they join.
  }

  #redirect(operator: string): void {
    this.#begin();
    this.#cursor.at += operator.length;
    while (this.#cursor.text[this.#cursor.at] === ' ' || this.#cursor.text[this.#cursor.at] === '\t')
      this.#cursor.at++;
    const target = this.#word();
    this.#draft.redirects.push({ operator, target });
    if (!operator.endsWith('<<') && !operator.endsWith('<<-')) return;
    const end = target.map(({ text }) => text).join('');
    if (this.#bodies.length < 100)
      this.#bodies.push({ command: this.#found.length, end, indented: operator.endsWith('-') });
  }

  /** Here-documents begin in the line after the one that announces them. */
  #readBodies(): void {
    for (const { command, end, indented } of this.#bodies) {
      const lines: TextLine[] = [];
      while (this.#cursor.at < this.#cursor.text.length) {
        const stop = this.#cursor.endOfLine();
        const text = this.#cursor.text.slice(this.#cursor.at, stop);
        const line = this.#cursor.line++;
        this.#cursor.at = stop + 1;
        if ((indented ? text.replace(/^\t+/, '') : text) === end) break;
        lines.push({ line, text: text.trim() });
      }
      const owner = this.#found[command];
      if (owner) this.#found[command] = { ...owner, bodies: [...owner.bodies, ...lines] };
    }
    this.#bodies = [];
  }

  #word(): Word {
    const reader = new WordReader(this.#cursor);
    const word = reader.read();
    if (reader.broken !== undefined) this.#draft.broken = reader.broken;
    return word;
  }
}

function draftAt(start: number, line: number, after: string): Draft {
  return { start, line, words: [], redirects: [], after };
}
