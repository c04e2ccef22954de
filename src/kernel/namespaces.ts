import type { ContainerView, NamespaceView } from './observed.ts';
import type { Link } from '../api/link.ts';
import { findContainer } from './containers.ts';
import { NAMESPACE_QUERIES, parseNamespace } from './ip-json.ts';
import { type ProgramResult, runProgram } from './programs.ts';
import { StandbyProgram } from './standby.ts';

const QUERY_INPUT = NAMESPACE_QUERIES.map((line) => `${line}\n`).join('');
/** `ip` as it is asked for JSON, with further commands before the queries or none. */
const QUERY_ARGUMENTS = ['-j', '-d', '-force', '-batch', '-'];

/** Lists interfaces, addresses and routes of the host's namespace. */
export class HostLister {
  readonly #lister = new StandbyProgram('ip', QUERY_ARGUMENTS);

  /** @throws {Error} Where the listing fails or cannot be read. */
  async list(): Promise<NamespaceView> {
    const result = await this.#lister.run(QUERY_INPUT);
    if (result.exitCode !== 0) throw new Error(`Cannot list interfaces and routes: ${result.stderr.trim()}`);
    return parseNamespace(result.stdout);
  }

  close(): void {
    this.#lister.close();
  }
}

/** Finds a Link's container and looks into it. Never throws: what goes wrong is the answer. */
export async function viewContainer(link: Link): Promise<ContainerView> {
  const found = await findContainer(link.spec.container);
  if (found.state !== 'running') return found;
  const { result, view } = await enterNamespace(found.path, []);
  if (view) return { ...found, view };
  return { state: 'absent', reason: `cannot look into its network namespace: ${result.stderr.trim()}` };
}

/**
 * Runs `ip` commands in a namespace and looks at what they have made of it, in one process: starting one costs more
 * than what it does.
 *
 * @returns The view is `undefined` where the listing failed.
 */
export async function enterNamespace(
  path: string,
  commands: readonly string[],
): Promise<{ result: ProgramResult; view?: NamespaceView }> {
  const input = commands.map((line) => `${line}\n`).join('') + QUERY_INPUT;
  const result = await runProgram('nsenter', [`--net=${path}`, 'ip', ...QUERY_ARGUMENTS], { input });
  try {
    return { result, view: parseNamespace(result.stdout) };
  } catch {
    return { result };
  }
}
