import type { Kind } from '../api/key.ts';
import { KIND_INFO } from '../api/kind.ts';
import type { SourceLine } from './ledger.ts';

/** A manifest that is being made, and the lines that it is made from. */
export interface Candidate {
  readonly kind: Kind;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Record<string, unknown>;
  /** Lines that are carried over by this manifest. */
  readonly sources: SourceLine[];
  /** The lines of single fields, without which the manifest is still one: `spec.mtu`, `spec.addresses[0]`. */
  readonly fields?: Map<string, SourceLine>;
}

/** The manifest as a document. */
export function documentOf({ kind, name, labels, spec }: Candidate): Readonly<Record<string, unknown>> {
  const { apiVersion } = KIND_INFO[kind];
  return { apiVersion, kind, metadata: { name, ...(labels && { labels }) }, spec };
}

/** Gives names that are valid and not given yet. */
export class Names {
  readonly #given = new Map<string, number>();

  /** The wish, as far as it makes a name; a number is added where it is taken. */
  take(wish: string): string {
    const label = wish
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 50)
      .replace(/^-+|-+$/g, '');
    const base = label === '' ? 'x' : label;
    for (let number = this.#given.get(base) ?? 1; ; number++) {
      const name = number === 1 ? base : `${base}-${number}`;
      this.#given.set(base, number + 1);
      if (name !== base && this.#given.has(name)) continue;
      if (name !== base) this.#given.set(name, 2);
      return name;
    }
  }
}
