/** A place in a text, and the line that it is in. */
export class Cursor {
  readonly text: string;
  at = 0;
  line = 1;

  constructor(text: string) {
    this.text = text;
  }

  /** The character here; `undefined` at the end. */
  get character(): string | undefined {
    return this.text[this.at];
  }

  /** A line break that a backslash takes back. */
  continued(): boolean {
    const length = this.text.startsWith('\\\n', this.at)
      ? 2
      : this.text.startsWith('\\\r\n', this.at)
        ? 3
        : 0;
    this.at += length;
    if (length > 0) this.line++;
    return length > 0;
  }

  skipTo(end: number): void {
    for (; this.at < end; this.at++) if (this.text[this.at] === '\n') this.line++;
  }

  endOfLine(): number {
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.length : end;
  }
}
