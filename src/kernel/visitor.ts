import { NAMESPACE_QUERIES, readNamespace } from '../rtnetlink/view.ts';
import { type IpCommand, carryOut } from './ip.ts';
import { REPLACED, openNamespace } from './namespace-handle.ts';
import type { Netlink } from './netlink.ts';
import type { NamespaceView } from './observed.ts';

/** What is to be done in one network namespace: commands of `ip`, or none; afterwards it is looked at. */
export interface Visit {
  readonly path: string;
  /** Device and inode that the namespace must still have, as `D:I`. */
  readonly identity: string;
  /** The namespace's, where it is known; inodes are used again. */
  readonly cookie?: string;
  readonly commands: readonly IpCommand[];
}

export interface Visited {
  /** One place for each command. */
  readonly errors: readonly (string | undefined)[];
  readonly seen: { readonly view: NamespaceView; readonly cookie: string } | { readonly problem: string };
}

const VISITS_AT_A_TIME = 32;

/** Goes into network namespaces; commands and the look at what they made are one visit. */
export class Visitor {
  readonly #netlink: Netlink;

  constructor(netlink: Netlink) {
    this.#netlink = netlink;
  }

  /** @returns what came of each visit, in the same order. */
  async visit(visits: readonly Visit[]): Promise<Visited[]> {
    const pending = [...visits.entries()];
    const results: Visited[] = [];
    // One after the other each would wait until a busy machine has a processor for the helper, and for this program; all
    // at once would keep as many namespaces open.
    const worker = async (): Promise<void> => {
      for (let next = pending.shift(); next; next = pending.shift())
        results[next[0]] = await this.#visit(next[1]);
    };
    await Promise.all(Array.from({ length: VISITS_AT_A_TIME }, worker));
    return results;
  }

  async #visit({ path, identity, cookie: wanted, commands }: Visit): Promise<Visited> {
    using handle = openNamespace(path, identity);
    if (!handle) return { errors: commands.map(() => REPLACED), seen: { problem: REPLACED } };
    const namespace = { path: handle.path, ...(wanted !== undefined && { cookie: wanted }) };
    const { errors, cookie, replies } = await carryOut(this.#netlink, commands, NAMESPACE_QUERIES, namespace);
    const problem = replies.find(({ refusal }) => refusal)?.refusal?.words;
    if (problem !== undefined) return { errors, seen: { problem } };
    try {
      return { errors, seen: { view: readNamespace(replies.map(({ answer }) => answer.messages)), cookie } };
    } catch (error) {
      return { errors, seen: { problem: error instanceof Error ? error.message : String(error) } };
    }
  }
}
