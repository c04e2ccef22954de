import { constants } from 'node:os';
import { FrameReader, LENGTH, sized } from './frames.ts';
import { type Conversation, converse } from './programs.ts';

/*
 * Small programs of Perl's that stay, and answer questions, both in frames. Perl is on every Debian machine (perl-base is
 * essential there), and does what Node has no words for.
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

/** There is no answer; `errno` says so where that is since it took too long. */
export class Unanswered extends Error {
  readonly errno: number | undefined;

  constructor(words: string, errno?: number) {
    super(words);
    this.errno = errno;
  }
}

/**
 * A program that answers frames, one after the other. It is started when it is first needed, and again where it has ended;
 * what hangs is killed.
 */
export class FrameProgram {
  /** As the program calls itself. */
  readonly #name: string;
  readonly #argv: readonly [string, ...string[]];
  #running: Running | undefined;

  constructor(name: string, argv: readonly [string, ...string[]]) {
    this.#name = name;
    this.#argv = argv;
  }

  /**
   * Asks something; it need not be answered before the next question.
   *
   * @param question The content of a frame.
   * @param patience Milliseconds that the answer may take, from the answer before on.
   * @returns what is made of the content of the answer.
   * @throws {Unanswered} Where there is no answer. Questions that come after that one are put to the next program.
   * @throws {RangeError} Where it cannot be read; after that the program is another, too.
   */
  async ask<T>(question: Buffer, patience: number, read: (answer: Buffer) => T): Promise<T> {
    const answer = await new Promise<Buffer>((resolve, reject) =>
      this.#put({ frame: sized(LENGTH, question), patience, resolve, reject }),
    );
    try {
      return read(answer);
    } catch (error) {
      // Nor would anybody know what else it prints.
      this.#running?.replace();
      throw error;
    }
  }

  /** Ends the program, once it has answered. */
  close(): void {
    this.#running?.close();
    this.#running = undefined;
  }

  #put(question: Question): void {
    if (this.#running?.alive !== true)
      this.#running = new Running(this.#name, this.#argv, (left) => left.forEach((one) => this.#put(one)));
    this.#running.put(question);
  }
}

interface Question {
  readonly frame: Buffer;
  readonly patience: number;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Unanswered) => void;
}

/** One process, and the answers that it owes. */
class Running {
  readonly #name: string;
  readonly #program: Conversation;
  readonly #onLeft: (questions: readonly Question[]) => void;
  readonly #reader = new FrameReader();
  readonly #open: Question[] = [];
  #limit: NodeJS.Timeout | undefined;
  #stderr = '';
  alive = true;

  /** @param onLeft Told the questions that it has not come to. */
  constructor(
    name: string,
    [file, ...args]: readonly [string, ...string[]],
    onLeft: (questions: readonly Question[]) => void,
  ) {
    this.#name = name;
    this.#onLeft = onLeft;
    this.#program = converse(file, args, {
      onStdout: (bytes) => this.#take(bytes),
      onStderr: (text) => (this.#stderr = `${this.#stderr}${text}`.slice(-1_000)),
    });
    void this.#program.ended.then(({ stderr }) =>
      this.#fail(`: ${this.#stderr.trim() || stderr || 'it has ended'}`),
    );
  }

  put(question: Question): void {
    this.#open.push(question);
    if (this.#open.length === 1) this.#wait();
    this.#program.write(question.frame);
  }

  close(): void {
    this.#program.end();
  }

  /** Kills it; what it has not come to is left to the next. */
  replace(): void {
    if (!this.alive) return;
    this.alive = false;
    clearTimeout(this.#limit);
    this.#program.kill();
    this.#onLeft(this.#open.splice(0));
  }

  #take(bytes: Buffer): void {
    try {
      for (const frame of this.#reader.take(bytes)) {
        this.#open.shift()?.resolve(frame);
        this.#wait();
      }
    } catch (error) {
      this.#fail(`: ${String(error)}`);
    }
  }

  /** Waits for the answer that is next. */
  #wait(): void {
    clearTimeout(this.#limit);
    const patience = this.#open[0]?.patience;
    if (patience === undefined) return;
    const late = ` has not answered within ${Math.round(patience / 1000)} s`;
    this.#limit = setTimeout(() => this.#fail(late, constants.errno.ETIMEDOUT), patience);
  }

  /** The question that it was at stays without an answer. */
  #fail(words: string, errno?: number): void {
    this.#open.shift()?.reject(new Unanswered(`${this.#name}${words}`, errno));
    this.replace();
  }
}
