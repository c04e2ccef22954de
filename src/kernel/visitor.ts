import { NAMESPACE_QUERIES, parseNamespace } from './ip-json.ts';
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

/** Goes into network namespaces; commands and the look at what they made are one process. */
export class Visitor {
  readonly #shells: Shells;

  constructor(shells: Shells) {
    this.#shells = shells;
  }

  /** @returns what came of each visit, in the same order. */
  async visit(visits: readonly Visit[]): Promise<Visited[]> {
    return Promise.all(visits.map((visit) => this.#visit(visit)));
  }

  async #visit({ path, identity, commands }: Visit): Promise<Visited> {
    const input = [...commands, ...NAMESPACE_QUERIES].map((line) => `${line}\n`).join('');
    const result = await this.#shells.run(entering(path, identity), input);
    try {
      return { result, view: parseNamespace(result.stdout) };
    } catch {
      return { result };
    }
  }
}

/** What a shell takes as one word that means nothing to it. */
const PLAIN_PATH = /^\/[\w./@:+-]+$/;

/** @throws {RangeError} For a path that no checked name leads to. */
function entering(path: string, identity: string): string {
  if (!PLAIN_PATH.test(path)) throw new RangeError(`Cannot use ${JSON.stringify(path)} as a path`);
  const enter = `nsenter --net=${path} ip -j -d -force -batch -`;
  if (!path.startsWith('/proc/')) return enter;
  // A process id may have gone to another process since it was looked up.
  return `if [ "$(stat -Lc %d:%i ${path})" = ${identity} ]; then ${enter}
else echo 'the container was replaced meanwhile' >&2; false; fi`;
}
