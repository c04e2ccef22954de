/** What is wrong with one field of a manifest, and where it stands. */
export interface FieldError {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `Link/vm1`; absent where the document does not say what it is. */
  readonly subject?: string;
  /** `spec.addresses[0]`; absent where the whole document is meant. */
  readonly path?: string;
  /** What is allowed, in apimachinery's words. */
  readonly message: string;
}

const LONGEST_QUOTE = 64;

/** One line: `FILE:LINE:COLUMN: KIND/NAME: FIELD.PATH: MESSAGE`. */
export function formatFieldError({ file, line, column, subject, path, message }: FieldError): string {
  return [`${file}:${line}:${column}`, subject, path, message]
    .filter((part) => part !== undefined && part !== '')
    .map((part) => escapeControls(part!))
    .join(': ');
}

/** The order in which errors are told: by file, then place. */
export function byPlace(one: FieldError, other: FieldError): number {
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}

/** A path as people write it: `spec.ports[0].name`; keys with dots are bracketed. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z0-9_-]{1,63}$/.test(name)) return `[${quote(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** A hostile value, safe to print: quoted, without control characters, at most some 64 characters long. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return quoteText(value);
  const text = escapeControls(beginningOf(value, LONGEST_QUOTE));
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 3)}...` : text;
}

/** Makes one line of a text, which commands no terminal and does not turn the direction of what follows. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function quoteText(text: string): string {
  const quoted = escapeControls(JSON.stringify(text.slice(0, LONGEST_QUOTE)));
  if (text.length < LONGEST_QUOTE && quoted.length <= LONGEST_QUOTE) return quoted;
  let beginning = '';
  for (const character of text.slice(0, LONGEST_QUOTE)) {
    const escaped = escapeControls(JSON.stringify(character).slice(1, -1));
    if (beginning.length + escaped.length > LONGEST_QUOTE - 5) break;
    beginning += escaped;
  }
  return `"${beginning}..."`;
}

/** The beginning of a value as JSON; never much longer than the room, since aliases can make a value very large. */
function beginningOf(value: unknown, room: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1));
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const key in value) {
    if (text.length > room) return text;
    const name = isList ? '' : `${beginningOf(key, room)}:`;
    const inner = beginningOf((value as Record<string, unknown>)[key], room - text.length - name.length);
    text += `${text.length > 1 ? ',' : ''}${name}${inner}`;
  }
  return `${text}${isList ? ']' : '}'}`;
}
