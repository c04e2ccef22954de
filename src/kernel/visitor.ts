import { randomUUID } from 'node:crypto';
import { NAMESPACE_QUERIES, parseNamespace } from './ip-json.ts';
import type { NamespaceView } from './observed.ts';
import type { ProgramResult } from './programs.ts';
import { StandbyProgram } from './standby.ts';

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

const SHELLS_AT_A_TIME = 2;
const MOST_VISITS = 64;
const TIMEOUT = 60_000;

/**
 * Goes into network namespaces. One shell does many: a process that Node starts costs as much as its own memory is large,
 * ten times what a shell takes; and commands and the look at what they made are one process.
 */
export class Visitor {
  readonly #shell = new StandbyProgram('sh', ['-s'], () => undefined, TIMEOUT);

  /** @returns what came of each visit, in the same order. */
  async visit(visits: readonly Visit[]): Promise<Visited[]> {
    if (visits.length === 0) return [];
    const each = Math.min(MOST_VISITS, Math.ceil(visits.length / SHELLS_AT_A_TIME));
    const groups = Array.from({ length: Math.ceil(visits.length / each) }, (_, index) =>
      visits.slice(index * each, (index + 1) * each),
    );
    const pending = [...groups.entries()];
    const results = groups.map((): Visited[] => []);
    const worker = async (): Promise<void> => {
      for (let next = pending.shift(); next; next = pending.shift())
        results[next[0]] = await this.#visitGroup(next[1]);
    };
    await Promise.all(Array.from({ length: SHELLS_AT_A_TIME }, worker));
    return results.flat();
  }

  close(): void {
    this.#shell.close();
  }

  async #visitGroup(visits: readonly Visit[]): Promise<Visited[]> {
    const mark = randomUUID();
    const result = await this.#shell.run(visits.map((visit) => script(visit, mark)).join(''));
    const outputs = result.stdout.split(`${mark} `);
    const errors = result.stderr.split(`${mark}\n`);
    return visits.map((_, index) => {
      // After each mark its exit status, then the output of the next.
      const status = /^(\d+)\n/.exec(outputs[index + 1] ?? '')?.[1];
      const stdout = index === 0 ? outputs[0]! : (outputs[index] ?? '').replace(/^\d+\n/, '');
      const done = status !== undefined;
      return visited({
        stdout: done ? stdout : '',
        stderr: errors[index] ?? '',
        exitCode: done ? Number(status) : undefined,
        pid: result.pid,
      });
    });
  }
}

function visited(result: ProgramResult): Visited {
  try {
    return { result, view: parseNamespace(result.stdout) };
  } catch {
    return { result };
  }
}

/** What a shell takes as one word that means nothing to it. */
const PLAIN_PATH = /^\/[\w./@:+-]+$/;

/** Commands are words without quotes, as they were rendered. @throws {RangeError} For a path that no checked name leads to. */
function script({ path, identity, commands }: Visit, mark: string): string {
  if (!PLAIN_PATH.test(path)) throw new RangeError(`Cannot use ${JSON.stringify(path)} as a path`);
  const enter = `nsenter --net=${path} ip -j -d -force -batch - <<'${mark}'`;
  const lines = [...commands, ...NAMESPACE_QUERIES, mark];
  // A process id may have gone to another process since it was looked up.
  const check = path.startsWith('/proc/') ? `[ "$(stat -Lc %d:%i ${path})" = ${identity} ] || gone=1\n` : '';
  return `gone=\n${check}if [ "$gone" ]; then echo 'the container was replaced meanwhile' >&2; false; else ${enter}
${lines.join('\n')}
fi
echo "${mark} $?"; echo "${mark}" >&2
`;
}
