import { NAMESPACE_QUERIES, parseNamespace } from './ip-json.ts';
import { REPLACED, openNamespace } from './namespace-handle.ts';
import type { NamespaceView } from './observed.ts';
import type { ProgramResult } from './programs.ts';
import type { Shells } from './shell.ts';

/** What is to be done in one network namespace: commands of `ip`, or none; afterwards it is looked at. */
export interface Visit {
  readonly path: string;
  /** Device and inode that the namespace must still have, as `D:I`. */
  readonly identity: string;
  readonly commands: readonly string[];
}

export interface Visited {
  /** Of the commands. */
  readonly result: ProgramResult;
  /** `undefined` where the listing failed. */
  readonly view?: NamespaceView;
}

const VISITS_AT_A_TIME = 4;

/** Goes into network namespaces; commands and the look at what they made are one process. */
export class Visitor {
  readonly #shells: Shells;

  constructor(shells: Shells) {
    this.#shells = shells;
  }

  /** @returns what came of each visit, in the same order. */
  async visit(visits: readonly Visit[]): Promise<Visited[]> {
    const pending = [...visits.entries()];
    const results: Visited[] = [];
    // Not all at once: each keeps a namespace open.
    const worker = async (): Promise<void> => {
      for (let next = pending.shift(); next; next = pending.shift())
        results[next[0]] = await this.#visit(next[1]);
    };
    await Promise.all(Array.from({ length: VISITS_AT_A_TIME }, worker));
    return results;
  }

  async #visit({ path, identity, commands }: Visit): Promise<Visited> {
    using handle = openNamespace(path, identity);
    const input = [...commands, ...NAMESPACE_QUERIES].map((line) => `${line}\n`).join('');
    const result = await this.#shells.run(
      handle ? `nsenter --net=${handle.path} ip -j -d -force -batch -` : `echo '${REPLACED}' >&2; false`,
      input,
    );
    try {
      return { result, view: parseNamespace(result.stdout) };
    } catch {
      return { result };
    }
  }
}
