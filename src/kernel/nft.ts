import { type TableListing, parseTable } from './nft-json.ts';
import type { NetfilterView } from './observed.ts';
import { runProgram } from './programs.ts';
import { StandbyProgram } from './standby.ts';

const NO_SUCH_TABLE = 'No such file or directory';

/** lxcnet's own two tables. No other table is ever named, listed or written. */
export class Nft {
  readonly #writer = new StandbyProgram('nft', ['-f', '-'], (pid) => this.#remember(pid));
  readonly #ownProcesses = new Set<number>();
  #fingerprint: string | undefined;

  /**
   * Carries out one transaction.
   *
   * @returns nft's own words where the kernel or nft refused it; then nothing of it is in force.
   */
  async apply(transaction: string): Promise<string | undefined> {
    const result = await this.#writer.run(transaction);
    if (result.exitCode === 0) return undefined;
    return firstError(result.stderr);
  }

  /** Whether a process whose number `nft monitor` printed was one of ours. */
  isOwnProcess(pid: number): boolean {
    return this.#ownProcesses.has(pid);
  }

  /** What the kernel has. @throws {Error} Where it cannot be listed. */
  async list(layout: string): Promise<NetfilterView & { readonly packets: TableListing['packets'] }> {
    const tables = await Promise.all([listTable('inet'), listTable('bridge')]);
    const [inet, bridge] = tables;
    const elements = new Map([...(inet?.elements ?? []), ...(bridge?.elements ?? [])]);
    const packets = new Map([...(inet?.packets ?? []), ...(bridge?.packets ?? [])]);
    if (!inet && !bridge) return { skeleton: 'absent', elements, packets };
    const complete = inet?.chains.has(layout) === true && bridge?.chains.has(layout) === true;
    const fingerprint = tables.map((table) => table?.fingerprint ?? '').join('\n');
    // What the kernel prints for a rule is not what was written, so the first sight of it is the measure for later.
    if (complete) this.#fingerprint ??= fingerprint;
    return {
      skeleton: complete && fingerprint === this.#fingerprint ? 'present' : 'different',
      elements,
      packets,
    };
  }

  close(): void {
    this.#writer.close();
  }

  #remember(pid: number): void {
    this.#ownProcesses.add(pid);
    if (this.#ownProcesses.size > 256) this.#ownProcesses.delete(this.#ownProcesses.values().next().value!);
  }
}

async function listTable(family: 'inet' | 'bridge'): Promise<TableListing | undefined> {
  const result = await runProgram('nft', ['-j', '-n', 'list', 'table', family, 'lxcnet']);
  if (result.exitCode === 0) return parseTable(result.stdout);
  if (result.stderr.includes(NO_SUCH_TABLE)) return undefined;
  throw new Error(`Cannot list table ${family} lxcnet: ${firstError(result.stderr)}`);
}

/** The first line says what is wrong; what follows quotes the transaction. */
function firstError(stderr: string): string {
  const line = stderr.split('\n').find((text) => /error/i.test(text)) ?? stderr.split('\n')[0] ?? '';
  return line.replace(/^.*?Error: /, '').trim() || 'nft gave no reason';
}
