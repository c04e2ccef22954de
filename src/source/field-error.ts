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

/** One line: `FILE:LINE:COLUMN: KIND/NAME: FIELD.PATH: MESSAGE`. */
export function formatFieldError({ file, line, column, subject, path, message }: FieldError): string {
  return [`${file}:${line}:${column}`, subject, path, message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
}

/** A path as people write it: `spec.ports[0].name`; keys with dots are bracketed. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z0-9_-]+$/.test(name)) return `[${quote(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** A hostile value, safe to print: quoted, without control characters, not too long. */
export function quote(value: unknown): string {
  const text = value === undefined ? 'null' : JSON.stringify(value);
  const safe = text.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return safe.length > 64 ? `${safe.slice(0, 61)}...` : safe;
}
