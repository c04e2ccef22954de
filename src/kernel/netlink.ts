import { constants } from 'node:os';
import type { NetlinkRequest } from '../rtnetlink/message.ts';
import { failureCodeOf, reportCommand } from './command-report.ts';
import {
  FrameReader,
  type Namespace,
  type NetlinkAnswers,
  type Refusal,
  readReplies,
  requestFrame,
} from './netlink-frames.ts';
import { netlinkHelper } from './netlink-helper.ts';
import { type Conversation, converse } from './programs.ts';

/** How long the kernel may take, at all and for each message more; milliseconds. What hangs is killed after that. */
const PATIENCE = 10_000;
const PATIENCE_EACH = 10;
/** How often something is listed anew that has changed while it was listed; after that an event tells of it anyway. */
const MOST_ATTEMPTS = 5;
const OWN: Namespace = { path: '' };

/**
 * Asks and changes the kernel's interfaces, addresses, routes and neighbours, by a helper that stays. It is started when it
 * is first needed, and again where it has ended. One question at a time: the kernel has one lock for all of it.
 */
export class Netlink {
  readonly #patience: number;
  #helper: Helper | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param patience How long the kernel may take at all; milliseconds. */
  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /**
   * Sends messages, one after the other; never throws for what becomes of them.
   *
   * @param namespace The network namespace that they are for; this one where it is absent.
   * @returns a reply for each; without a helper, or an answer, that is a refusal.
   */
  ask(requests: readonly NetlinkRequest[], namespace: Namespace = OWN): Promise<NetlinkAnswers> {
    const turn = this.#last.then(() => this.#ask(requests, namespace));
    this.#last = turn;
    return turn;
  }

  /** Ends the helper. */
  close(): void {
    this.#helper?.close();
    this.#helper = undefined;
  }

  async #ask(requests: readonly NetlinkRequest[], namespace: Namespace): Promise<NetlinkAnswers> {
    const since = performance.now();
    const { cookie, replies: first } = await this.#exchange(requests, namespace);
    const replies = [...first];
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
      const again = replies.flatMap(({ answer }, index) => (answer.interrupted ? [index] : []));
      if (again.length === 0) break;
      const anew = await this.#exchange(
        again.map((index) => requests[index]!),
        namespace,
      );
      again.forEach((index, at) => (replies[index] = anew.replies[at]!));
    }
    const failures = replies.flatMap(({ refusal }) => (refusal ? failureCodeOf(refusal.errno) : []));
    reportCommand({ tool: 'ip', seconds: (performance.now() - since) / 1000, failures });
    return { cookie, replies };
  }

  async #exchange(requests: readonly NetlinkRequest[], namespace: Namespace): Promise<NetlinkAnswers> {
    try {
      if (this.#helper?.alive !== true) this.#helper = new Helper();
      const patience = this.#patience + PATIENCE_EACH * requests.length;
      return readReplies(
        await this.#helper.exchange(requestFrame(namespace, requests), patience),
        requests.length,
      );
    } catch (error) {
      // Whatever it still prints belongs to no question.
      this.#helper?.kill();
      this.#helper = undefined;
      const refusal = error instanceof Unanswered ? error.refusal : { words: String(error) };
      const answer = { messages: [], interrupted: false };
      return { cookie: '', replies: requests.map(() => ({ refusal, answer })) };
    }
  }
}

/** There is no reply. */
class Unanswered extends Error {
  readonly refusal: Refusal;

  constructor(words: string, errno?: number) {
    super(words);
    this.refusal = { words, ...(errno !== undefined && { errno }) };
  }
}

/** One process of the helper, and the answer that it owes. */
class Helper {
  readonly #program: Conversation;
  readonly #reader = new FrameReader();
  #stderr = '';
  #onFrame: (frame: Buffer) => void = () => undefined;
  #onEnd: (words: string) => void = () => undefined;
  alive = true;

  constructor() {
    const [file, ...args] = netlinkHelper();
    this.#program = converse(file, args, {
      onStdout: (bytes) => {
        try {
          const frame = this.#reader.take(bytes);
          if (frame) this.#onFrame(frame);
        } catch (error) {
          this.#onEnd(String(error));
        }
      },
      onStderr: (text) => (this.#stderr = `${this.#stderr}${text}`.slice(-1_000)),
    });
    void this.#program.ended.then(({ stderr }) => {
      this.alive = false;
      this.#onEnd(this.#stderr.trim() || stderr || 'it has ended');
    });
  }

  /** @throws {Unanswered} Where it ends, or does not answer within so many milliseconds. */
  async exchange(frame: Buffer, patience: number): Promise<Buffer> {
    let limit: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#onFrame = resolve;
        this.#onEnd = (words) => reject(new Unanswered(`lxcnet-netlink: ${words}`));
        const late = `lxcnet-netlink has not answered within ${Math.round(patience / 1000)} s`;
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
