/** Where a statement begins that is not part of the one before. */
const BEGINNINGS = new Set(
  [
    'iifname oifname iif oif meta ct ip ip6 th tcp udp sctp dccp icmp icmpv6 limit xt',
    'accept drop reject return jump goto counter log comment',
  ].flatMap((names) => names.split(' ')),
);

/** The words of a rule; quoted text and what stands in braces are one word each. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(line: string) {
    this.#words = line.match(/"[^"]*"|\{[^}]*\}?|[^\s"{]+/g) ?? [];
  }

  atEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  peek(further = 0): string {
    return this.#words[this.#at + further] ?? '';
  }

  take(): string {
    return this.#words[this.#at++] ?? '';
  }

  takeBraces(): string[] {
    const word = this.take();
    if (!word.startsWith('{')) return [];
    return word
      .slice(1, -1)
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean);
  }

  /** `a`, `a,b`, `{ a, b }`. */
  takeValues(): string[] {
    const values = this.peek().startsWith('{') ? this.takeBraces() : this.take().split(',');
    return values.map(unquoted);
  }

  toEnd(): void {
    this.#at = this.#words.length;
  }

  /** Goes on to the next word that begins a statement, and at least so many words. */
  toNextStatement(atLeast: number): void {
    this.#at += atLeast;
    while (!this.atEnd() && !BEGINNINGS.has(this.peek())) this.#at++;
  }

  /** Skips options that have one value each. */
  skipOptions(...names: readonly string[]): void {
    while (names.includes(this.peek())) this.#at += 2;
  }
}

/** A word without the quotes that nft puts around names. */
export function unquoted(word: string): string {
  return word.replaceAll('"', '');
}
