import { type NetlinkRequest, isForNetfilter } from '../rtnetlink/message.ts';
import { failureCodeOf, reportCommand } from './command-report.ts';
import { FrameProgram, Unanswered } from './frame-program.ts';
import { type Namespace, type NetlinkAnswers, readReplies, requestFrame } from './netlink-frames.ts';
import { netlinkHelper } from './netlink-helper.ts';

/** How long the kernel may take, at all and for each message more; milliseconds. What hangs is killed after that. */
const PATIENCE = 10_000;
const PATIENCE_EACH = 10;
/** How often something is listed anew that has changed while it was listed; after that an event tells of it anyway. */
const MOST_ATTEMPTS = 5;
const OWN: Namespace = { path: '' };

/**
 * Asks and changes the kernel's interfaces, addresses, routes and neighbours, and asks netfilter, by a helper that stays. It
 * does one thing after the other: the kernel has one lock for all of it.
 */
export class Netlink {
  readonly #patience: number;
  readonly #helper = new FrameProgram('lxcnet-netlink', netlinkHelper());

  /** @param patience How long the kernel may take at all; milliseconds. */
  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /**
   * Sends messages, one after the other; never throws for what becomes of them.
   *
   * @param requests All for interfaces and so on, or all for netfilter.
   * @param namespace The network namespace that they are for; this one where it is absent.
   * @returns a reply for each; without a helper, or an answer, that is a refusal. Where nothing is asked, no cookie.
   */
  async ask(requests: readonly NetlinkRequest[], namespace: Namespace = OWN): Promise<NetlinkAnswers> {
    if (requests.length === 0) return { cookie: '', replies: [] };
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
    const tool = requests.some(isForNetfilter) ? 'nft' : 'ip';
    reportCommand({ tool, seconds: (performance.now() - since) / 1000, failures });
    return { cookie, replies };
  }

  /** Ends the helper. */
  close(): void {
    this.#helper.close();
  }

  async #exchange(requests: readonly NetlinkRequest[], namespace: Namespace): Promise<NetlinkAnswers> {
    const patience = this.#patience + PATIENCE_EACH * requests.length;
    try {
      return await this.#helper.ask(requestFrame(namespace, requests), patience, (frame) =>
        readReplies(frame, requests.length),
      );
    } catch (error) {
      const errno = error instanceof Unanswered ? error.errno : undefined;
      const refusal = {
        words: error instanceof Error ? error.message : String(error),
        ...(errno !== undefined && { errno }),
      };
      const answer = { messages: [], interrupted: false };
      return { cookie: '', replies: requests.map(() => ({ refusal, answer })) };
    }
  }
}
