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

/** One line: `FILE:LINE:COLUMN: KIND/NAME: FIELD.PATH: MESSAGE`. A file's name cannot make it two. */
export function formatFieldError({ file, line, column, subject, path, message }: FieldError): string {
  return [`${file}:${line}:${column}`, subject, path, message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
    .replace(UNPRINTABLE, escaped);
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

/** Control characters, and those that end a line or turn the direction of what follows. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A hostile value, safe to print: quoted, without control characters, not too long. */
export function quote(value: unknown): string {
  const text = textOf(value).replace(UNPRINTABLE, escaped);
  return text.length > 64 ? `${text.slice(0, 61)}...` : text;
}

function textOf(value: unknown): string {
  if (value === undefined) return 'null';
  // JSON has no word for these two.
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value);
}
