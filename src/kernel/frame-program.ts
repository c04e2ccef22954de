import { constants } from 'node:os';
import { type Conversation, converse } from './programs.ts';

/*
 * Small programs of Perl's that stay, and answer questions: frames, each a length of 32 bits in the order of the network and
 * so many bytes. Perl is on every Debian machine (perl-base is essential there), and does what Node has no words for.
 */

/** What such a program begins with: `take(LENGTH)` and `put(BYTES)`. It ends when there is no more to read. */
export const FRAMES_IN_PERL = String.raw`
use strict;
use Errno qw(EINTR);

sub take {
  my ($length) = @_;
  my $data = '';
  while (length $data < $length) {
    my $got = sysread STDIN, $data, $length - length $data, length $data;
    next if !defined $got && $! == EINTR;
    exit if !$got;
  }
  return $data;
}

sub put {
  my $data = pack 'N/a', $_[0];
  for (my $at = 0; $at < length $data; ) {
    my $put = syswrite STDOUT, $data, length($data) - $at, $at;
    next if !defined $put && $! == EINTR;
    exit 1 if !$put;
    $at += $put;
  }
}
`;

const LENGTH = 4;
/** Bytes; ten thousand interfaces are a twentieth of it. */
const LARGEST = 256 * 1024 * 1024;

/** Bytes after their number, in so many octets. */
export function sized(octets: 2 | 4, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(octets);
  head.writeUIntBE(bytes.length, 0, octets);
  return Buffer.concat([head, bytes]);
}

/** Collects what a program prints until a frame is whole. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * @returns the frame's content once all of it has come; whatever comes after it is dropped.
   * @throws {RangeError} Where it says to be longer than any.
   */
  take(chunk: Buffer): Buffer | undefined {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < LENGTH) return undefined;
    if (this.#chunks[0]!.length < LENGTH) this.#chunks = [Buffer.concat(this.#chunks)];
    const length = this.#chunks[0]!.readUInt32BE();
    if (length > LARGEST) throw new RangeError(`A frame of ${length} bytes`);
    const end = LENGTH + length;
    if (this.#length < end) return undefined;
    const frame = Buffer.concat(this.#chunks).subarray(LENGTH, end);
    this.#chunks = [];
    this.#length = 0;
    return frame;
  }
}

/** There is no answer; `errno` says so where that is since it took too long. */
export class Unanswered extends Error {
  readonly errno: number | undefined;

  constructor(words: string, errno?: number) {
    super(words);
    this.errno = errno;
  }
}

/**
 * A program that answers frames, one question at a time. It is started when it is first needed, and again where it has
 * ended; what hangs is killed.
 */
export class FrameProgram {
  /** As the program calls itself. */
  readonly #name: string;
  readonly #argv: readonly [string, ...string[]];
  #running: Running | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, argv: readonly [string, ...string[]]) {
    this.#name = name;
    this.#argv = argv;
  }

  /**
   * @param question The content of a frame.
   * @param patience Milliseconds that the answer may take.
   * @returns what is made of the content of the answer.
   * @throws {Unanswered} Where there is no answer.
   * @throws {RangeError} Where it cannot be read; after that the program is another, too.
   */
  ask<T>(question: Buffer, patience: number, read: (answer: Buffer) => T): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#running?.alive !== true) this.#running = new Running(this.#name, this.#argv);
      try {
        return read(await this.#running.exchange(sized(LENGTH, question), patience));
      } catch (error) {
        // Whatever it still prints belongs to no question.
        this.#running.kill();
        this.#running = undefined;
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the program. */
  close(): void {
    this.#running?.close();
    this.#running = undefined;
  }
}

/** One process, and the answer that it owes. */
class Running {
  readonly #name: string;
  readonly #program: Conversation;
  readonly #reader = new FrameReader();
  #stderr = '';
  #onFrame: (frame: Buffer) => void = () => undefined;
  #onEnd: (words: string) => void = () => undefined;
  alive = true;

  constructor(name: string, [file, ...args]: readonly [string, ...string[]]) {
    this.#name = name;
    this.#program = converse(file, args, {
      onStdout: (bytes) => this.#take(bytes),
      onStderr: (text) => (this.#stderr = `${this.#stderr}${text}`.slice(-1_000)),
    });
    void this.#program.ended.then(({ stderr }) => {
      this.alive = false;
      this.#onEnd(this.#stderr.trim() || stderr || 'it has ended');
    });
  }

  #take(bytes: Buffer): void {
    try {
      const frame = this.#reader.take(bytes);
      if (frame) this.#onFrame(frame);
    } catch (error) {
      this.#onEnd(String(error));
    }
  }

  async exchange(frame: Buffer, patience: number): Promise<Buffer> {
    let limit: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#onFrame = resolve;
        this.#onEnd = (words) => reject(new Unanswered(`${this.#name}: ${words}`));
        const late = `${this.#name} has not answered within ${Math.round(patience / 1000)} s`;
        limit = setTimeout(() => reject(new Unanswered(late, constants.errno.ETIMEDOUT)), patience);
        if (this.alive) this.#program.write(frame);
        else this.#onEnd('it has ended');
      });
    } finally {
      clearTimeout(limit);
    }
  }

  close(): void {
    this.#program.end();
  }

  kill(): void {
    this.#program.kill();
  }
}
