/*
 * Takes a shell script apart as a shell does, as far as is needed to see which commands it has; nothing is ever run.
 */

/** A piece of a word: what it says, a variable, or something that only a shell can know. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'variable'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'unknown'; readonly text: string };
export type Word = readonly Part[];

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

/** Characters between quotes; more than that, and a closing quote is missing. */
const LONGEST_QUOTE = 4096;
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
  readonly #text: string;
  readonly #found: ShellCommand[] = [];
  #bodies: { command: number; end: string; indented: boolean }[] = [];
  #at = 0;
  #line = 1;
  #draft: Draft = draftAt(0, 1, '');

  constructor(text: string) {
    this.#text = text;
  }

  commands(): readonly ShellCommand[] {
    while (this.#at < this.#text.length) this.#step();
    this.#end('');
    return this.#found;
  }

  #step(): void {
    if (this.#continued()) return;
    const character = this.#text[this.#at]!;
    if (character === ' ' || character === '\t' || character === '\r') {
      this.#at++;
      return;
    }
    if (character === '#') {
      this.#at = this.#endOfLine();
      return;
    }
    REDIRECT.lastIndex = this.#at;
    const redirect = REDIRECT.exec(this.#text)?.[0];
    if (redirect !== undefined) {
      this.#redirect(redirect);
      return;
    }
    const operator = OPERATORS.find((one) => this.#text.startsWith(one, this.#at));
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
    this.#draft.start = this.#at;
    this.#draft.line = this.#line;
  }

  #operator(operator: string): void {
    this.#end(operator === '\n' ? ';' : operator);
    this.#at += operator.length;
    if (operator === '(' || operator === ')') {
      this.#found.push({
        line: this.#line,
        text: operator,
        words: [[{ kind: 'text', text: operator, quoted: false }]],
        redirects: [],
        after: ';',
        bodies: [],
      });
      this.#draft.after = ';';
    }
    if (operator !== '\n') return;
    this.#line++;
    this.#readBodies();
  }

  /** Ends the command that is being read. */
  #end(operator: string): void {
    const { start, line, words, redirects, after, broken } = this.#draft;
    if (words.length + redirects.length > 0 || broken !== undefined) {
      const raw = this.#text.slice(start, this.#at).replace(/\\\r?\n/g, ' ');
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
      this.#draft = draftAt(this.#at, this.#line, operator);
    } else if (operator !== ';') this.#draft = draftAt(this.#at, this.#line, operator);
    // A line break after `&&` or `|` does not end what they join.
  }

  #redirect(operator: string): void {
    this.#begin();
    this.#at += operator.length;
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
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
      while (this.#at < this.#text.length) {
        const stop = this.#endOfLine();
        const text = this.#text.slice(this.#at, stop);
        const line = this.#line++;
        this.#at = stop + 1;
        if ((indented ? text.replace(/^\t+/, '') : text) === end) break;
        lines.push({ line, text: text.trim() });
      }
      const owner = this.#found[command];
      if (owner) this.#found[command] = { ...owner, bodies: [...owner.bodies, ...lines] };
    }
    this.#bodies = [];
  }

  #word(): Word {
    const parts: Part[] = [];
    let plain = '';
    const flush = (): void => {
      if (plain !== '') parts.push({ kind: 'text', text: plain, quoted: false });
      plain = '';
    };
    for (;;) {
      if (this.#continued()) continue;
      const character = this.#text[this.#at];
      if (character === undefined || /[ \t\r\n;|&()<>]/.test(character)) break;
      if (character === '\\') {
        plain += this.#text[this.#at + 1] ?? '';
        this.#at += 2;
      } else if (character === "'" || character === '"' || character === '`') {
        flush();
        parts.push(...this.#quoted(character));
      } else if (character === '$') {
        flush();
        parts.push(this.#expansion(false));
      } else {
        plain += character;
        this.#at++;
      }
    }
    flush();
    return parts;
  }

  #quoted(quote: string): readonly Part[] {
    const start = this.#at + 1;
    const end = this.#closing(quote, start);
    if (end === undefined) return [this.#unclosed('a quote is not closed')];
    if (quote === '"') return this.#insideQuotes(end);
    const text = this.#text.slice(start, end);
    this.#skipTo(end + 1);
    return [quote === "'" ? { kind: 'text', text, quoted: true } : { kind: 'unknown', text: '`' }];
  }

  #closing(quote: string, start: number): number | undefined {
    let end = start;
    const last = Math.min(this.#text.length, start + LONGEST_QUOTE);
    while (end < last && this.#text[end] !== quote) end += quote !== "'" && this.#text[end] === '\\' ? 2 : 1;
    return this.#text[end] === quote ? end : undefined;
  }

  #insideQuotes(closing: number): readonly Part[] {
    const parts: Part[] = [{ kind: 'text', text: '', quoted: true }];
    let end: number | undefined = closing;
    this.#at++;
    while (this.#at !== end) {
      // A substitution with quotes of its own goes beyond what looked like the end.
      if (this.#at > end) end = this.#closing('"', this.#at);
      if (end === undefined) return [...parts, this.#unclosed('a quote is not closed')];
      if (this.#at === end) break;
      const character = this.#text[this.#at]!;
      if (character === '$') parts.push(this.#expansion(true));
      else if (character === '`') {
        parts.push({ kind: 'unknown', text: '`' });
        this.#at++;
      } else {
        const escaped = character === '\\' && /["\\$`\n]/.test(this.#text[this.#at + 1] ?? '');
        const text = escaped ? this.#text[this.#at + 1]! : character;
        parts.push({ kind: 'text', text: escaped && text === '\n' ? '' : text, quoted: true });
        this.#skipTo(this.#at + (escaped ? 2 : 1));
      }
    }
    this.#skipTo(end + 1);
    return parts;
  }

  /** `$NAME`, `${NAME}`, or what only a shell can know. */
  #expansion(quoted: boolean): Part {
    const pattern = /\$(?:([A-Za-z_]\w{0,63})|\{([A-Za-z_]\w{0,63})\})/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) {
      this.#at += match[0].length;
      return { kind: 'variable', text: match[1] ?? match[2]!, quoted };
    }
    const next = this.#text[this.#at + 1] ?? '';
    if (next === '(' || next === '{') return this.#substitution(next);
    this.#at += 1;
    if (!/[0-9@*#?$!-]/.test(next)) return { kind: 'text', text: '$', quoted };
    this.#at += 1;
    return { kind: 'unknown', text: `$${next}` };
  }

  #substitution(open: '(' | '{'): Part {
    const close = open === '(' ? ')' : '}';
    const last = Math.min(this.#text.length, this.#at + LONGEST_QUOTE);
    let depth = 0;
    for (let end = this.#at + 1; end < last; end++) {
      if (this.#text[end] === open) depth++;
      if (this.#text[end] === close && --depth === 0) {
        this.#skipTo(end + 1);
        return { kind: 'unknown', text: open === '(' ? '$(…)' : '${…}' };
      }
    }
    return this.#unclosed('a bracket is not closed');
  }

  /** Gives the rest of the line up. */
  #unclosed(reason: string): Part {
    this.#draft.broken = reason;
    this.#at = this.#endOfLine();
    return { kind: 'unknown', text: '…' };
  }

  /** A line break that a backslash takes back. */
  #continued(): boolean {
    const length = this.#text.startsWith('\\\n', this.#at)
      ? 2
      : this.#text.startsWith('\\\r\n', this.#at)
        ? 3
        : 0;
    this.#at += length;
    if (length > 0) this.#line++;
    return length > 0;
  }

  #skipTo(end: number): void {
    for (; this.#at < end; this.#at++) if (this.#text[this.#at] === '\n') this.#line++;
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end < 0 ? this.#text.length : end;
  }
}

function draftAt(start: number, line: number, after: string): Draft {
  return { start, line, words: [], redirects: [], after };
}
