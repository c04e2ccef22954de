/** Where a command prints; each call is one line, without its line feed. */
export interface CommandIo {
  stdout(line: string): void;
  stderr(line: string): void;
}

/** Of this process. */
export const processIo: CommandIo = {
  stdout: (line) => void process.stdout.write(`${line}\n`),
  stderr: (line) => void process.stderr.write(`${line}\n`),
};

/** A failure that the user is told in one line, without a stack. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}
