/** Where a command prints; each call is one line, without its line feed. */
export interface CommandIo {
  stdout(line: string): void;
  stderr(line: string): void;
}

/** A failure that the user is told in one line, without a stack. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}
