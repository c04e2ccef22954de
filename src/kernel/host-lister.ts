import { NAMESPACE_QUERIES, parseNamespace, parseProxies } from './ip-json.ts';
import type { NamespaceView } from './observed.ts';
import { runProgram } from './programs.ts';
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
    try {
      return parseNamespace(result.stdout);
    } catch (error) {
      throw new Error('Cannot read what ip lists of interfaces and routes', { cause: error });
    }
  }

  close(): void {
    this.#lister.close();
  }
}

/** Lists what devices of the host answer neighbour solicitations for. @throws {Error} Where it cannot be listed. */
export async function listProxies(): Promise<ReadonlySet<string>> {
  const result = await runProgram('ip', ['-j', 'neighbour', 'show', 'proxy']);
  if (result.exitCode !== 0) throw new Error(`Cannot list neighbour proxies: ${result.stderr.trim()}`);
  return parseProxies(result.stdout);
}
