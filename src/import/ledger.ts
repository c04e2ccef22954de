/** A statement of an input file that may matter to the network. */
export interface SourceLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** A statement that was not carried over, or not all of it, and why. */
export interface Comment extends SourceLine {
  readonly reason: string;
}

/** What became of the statements. */
export interface Account {
  readonly carried: readonly SourceLine[];
  /** In the order of the input; a statement may be here and in `carried`, where only part of it was carried over. */
  readonly comments: readonly Comment[];
}

/**
 * Keeps account of statements, so that none is lost: each is entered when it is read, and what was neither carried over
 * nor given a reason by the end is told all the same.
 */
export class Ledger {
  readonly #reasons = new Map<SourceLine, Set<string>>();
  readonly #carried = new Set<SourceLine>();

  enter(file: string, line: number, text: string): SourceLine {
    const source = { file, line, text };
    this.#reasons.set(source, new Set());
    return source;
  }

  carry(...sources: readonly SourceLine[]): void {
    for (const source of sources) this.#carried.add(source);
  }

  /** A statement that only looks, and so has nothing that could be carried over. */
  ignore(source: SourceLine): void {
    this.#reasons.delete(source);
  }

  /** Says why a statement, or part of it, is not carried over. */
  comment(source: SourceLine, reason: string): void {
    this.#reasons.get(source)?.add(reason);
  }

  account(): Account {
    const comments: Comment[] = [];
    for (const [source, reasons] of this.#reasons) {
      if (reasons.size === 0 && !this.#carried.has(source)) reasons.add('not carried over');
      if (reasons.size > 0) comments.push({ ...source, reason: [...reasons].join('; ') });
    }
    const files = new Map([...new Set(comments.map(({ file }) => file))].map((file, index) => [file, index]));
    comments.sort((one, other) => files.get(one.file)! - files.get(other.file)! || one.line - other.line);
    return { carried: [...this.#carried], comments };
  }
}
