import { createHash } from 'node:crypto';
import { type TableListing, parseTable } from './nft-json.ts';
import type { Family } from '../nftables/message.ts';
import { elementsQuery, readElements } from '../nftables/set-elements.ts';
import { Hang } from './hang.ts';
import type { Netlink } from './netlink.ts';
import { OwnProcesses } from './own-processes.ts';
import type { ElementTexts, NamedSet, NetfilterView } from './observed.ts';
import type { ProgramResult } from './programs.ts';
import type { Shells } from './shell.ts';
import { StandbyProgram } from './standby.ts';

const NO_SUCH_TABLE = 'No such file or directory';
/** Before it is known how long a listing takes here. */
const MOST_LIST_PATIENCE = 30_000;
const LEAST_LIST_PATIENCE = 10_000;

/** lxcnet's own two tables. No other table is ever named, listed or written. */
export class Nft {
  /**
   * Where the kernel's own word that a transaction is in force comes first, nft's end is not waited for: after a deletion
   * that is 5 to 20 ms later, when nobody can see any more what was deleted.
   */
  readonly #writer = new StandbyProgram('nft', ['-f', '-'], (pid) => this.#ownProcesses.began(pid));
  /** As if typed: of several lists in one file nft 1.0.6 prints none. Without counters: nobody asks for them here. */
  readonly #lister = new StandbyProgram('nft', ['-j', '-n', '-s', '-i']);
  readonly #shells: Shells;
  readonly #netlink: Netlink;
  readonly #ownProcesses = new OwnProcesses();
  readonly #onLearnt: (fingerprint: string) => void;
  /** What tables that nobody has changed look like. What the kernel prints for a rule is not what was written. */
  #fingerprint: string | undefined;
  #madeAnew = false;
  readonly #hang = new Hang('nft', ['list', 'chains']);
  /** How long a listing may take: with many elements, and on a slow machine, it takes a while. Milliseconds. */
  #listPatience = MOST_LIST_PATIENCE;

  /**
   * @param fingerprint What an earlier run learnt. Without it tables that are there already are made anew: nobody knows
   * what was done to them.
   * @param onLearnt Told what tables look like that were just made.
   */
  constructor(
    shells: Shells,
    netlink: Netlink,
    fingerprint?: string,
    onLearnt: (fingerprint: string) => void = () => undefined,
  ) {
    this.#shells = shells;
    this.#netlink = netlink;
    this.#fingerprint = fingerprint;
    this.#onLearnt = onLearnt;
  }

  /**
   * Carries out one transaction.
   *
   * @param makesTables Whether it makes lxcnet's tables anew.
   * @returns nft's own words where the kernel or nft refused it; then nothing of it is in force.
   */
  async apply(transaction: string, makesTables = false): Promise<string | undefined> {
    if (this.#hang.words !== undefined) return this.#hang.words;
    const result = await this.#writer.run(transaction);
    this.#ownProcesses.ended();
    if (result.timedOut) this.#hang.begin(result.stderr);
    if (result.exitCode !== 0) return firstError(result.stderr);
    this.#madeAnew ||= makesTables;
    return undefined;
  }

  /** Whether a transaction could be carried out, without doing it. @returns nft's words where it could not. */
  async check(transaction: string): Promise<string | undefined> {
    if (this.#hang.words !== undefined) return undefined;
    const result = await this.#shells.run('nft -c -f -', transaction);
    // A program that is missing, or was killed, says nothing about the kernel.
    return result.exitCode === 0 || result.exitCode === undefined ? undefined : firstError(result.stderr);
  }

  /** Says that the kernel has told of a transaction of this process. @returns whether it is one of ours. */
  committed(pid: number): boolean {
    return this.#ownProcesses.committed(pid);
  }

  /** What the kernel has. @throws {Error} Where it cannot be listed. */
  async list({
    families,
    chain,
  }: TableLayout): Promise<NetfilterView & { readonly packets: TableListing['packets'] }> {
    const tables = await this.#listTables(families);
    const elements = new Map(tables.flatMap((table) => [...(table?.elements ?? [])]));
    const packets = new Map(tables.flatMap((table) => [...(table?.packets ?? [])]));
    if (tables.every((table) => table === undefined)) return { skeleton: 'absent', elements, packets };
    const complete = tables.every((table) => table?.chains.has(chain) === true);
    const structure = [chain, ...tables.map((table) => table?.fingerprint ?? '')].join('\n');
    const fingerprint = createHash('sha256').update(structure).digest('hex');
    // The first sight of tables that were just made is the measure for later.
    if (complete && this.#madeAnew) this.#learn(fingerprint);
    return {
      skeleton: complete && fingerprint === this.#fingerprint ? 'present' : 'different',
      elements,
      packets,
    };
  }

  /** The elements of these sets alone. @throws {Error} Where one cannot be listed. */
  async listSets(sets: readonly NamedSet[]): Promise<ElementTexts> {
    if (this.#hang.words !== undefined) throw new Error(this.#hang.words);
    const [direct, others] = [sets.filter(({ atoms }) => atoms), sets.filter(({ atoms }) => !atoms)];
    const listed = await Promise.all([this.#readSets(direct), this.#listByProgram(others)]);
    return new Map(listed.flatMap((elements) => [...elements]));
  }

  /** What the kernel itself says; a third of the time that nft takes. */
  async #readSets(sets: readonly NamedSet[]): Promise<ElementTexts> {
    if (sets.length === 0) return new Map();
    const { replies } = await this.#netlink.ask(sets.map(elementsQuery));
    return new Map(
      replies.map(({ refusal, answer }, index) => {
        const set = sets[index]!;
        if (refusal) throw new Error(`Cannot list set ${set.name}: ${refusal.words}`);
        return [set.name, readElements(answer.messages, set)];
      }),
    );
  }

  async #listByProgram(sets: readonly NamedSet[]): Promise<ElementTexts> {
    if (sets.length === 0) return new Map();
    const lines = sets.map(({ family, kind, name }) => `list ${kind} ${family} lxcnet ${name}\n`);
    // nft's end would be waited for 5 to 20 ms: after a deletion the kernel lets go of its socket only once nobody can
    // see any more what was deleted.
    const { stdout, stderr, timedOut } = await this.#lister.run(
      lines.join(''),
      (printed) => answersOf(printed).length === sets.length,
    );
    if (timedOut) this.#hang.begin(stderr);
    const answers = answersOf(stdout);
    if (answers.length !== sets.length) throw new Error(`Cannot list sets: ${firstError(stderr)}`);
    return new Map(answers.flatMap((answer) => [...readTable('inet', answer).elements]));
  }

  /** Whether nft answers again, after it had not, since this was last asked. */
  answersAgain(): boolean {
    return this.#hang.takeEnd();
  }

  close(): void {
    this.#hang.close();
    this.#writer.close();
    this.#lister.close();
  }

  async #listTables(families: readonly Family[]): Promise<(TableListing | undefined)[]> {
    if (this.#hang.words !== undefined) throw new Error(this.#hang.words);
    const start = performance.now();
    const results = await Promise.all(
      families.map((family) =>
        this.#shells.run(`nft -j -n list table ${family} lxcnet`, '', this.#listPatience),
      ),
    );
    const late = results.find(({ timedOut }) => timedOut);
    if (late) this.#hang.begin(late.stderr);
    const tables = results.map((result, index) => readListing(families[index]!, result));
    this.#listPatience = Math.max(LEAST_LIST_PATIENCE, 10 * (performance.now() - start));
    return tables;
  }

  #learn(fingerprint: string): void {
    this.#madeAnew = false;
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    this.#onLearnt(fingerprint);
  }
}

/** Which tables there are to be, and the chain that tells that they are of this version. */
export interface TableLayout {
  readonly families: readonly Family[];
  readonly chain: string;
  /** By name. */
  readonly named: ReadonlyMap<string, NamedSet>;
}

/** The listings that nft has printed to their end, each on a line. */
function answersOf(stdout: string): string[] {
  return stdout.endsWith('\n') ? stdout.split('\n').filter((line) => line.startsWith('{')) : [];
}

function readListing(family: Family, { exitCode, stdout, stderr }: ProgramResult): TableListing | undefined {
  if (exitCode === 0) return readTable(family, stdout);
  if (stderr.includes(NO_SUCH_TABLE)) return undefined;
  throw new Error(`Cannot list table ${family} lxcnet: ${firstError(stderr)}`);
}

function readTable(family: Family, stdout: string): TableListing {
  try {
    return parseTable(stdout);
  } catch (error) {
    // Not the parser's own words: they would quote what nft printed, over pages.
    throw new Error(`Cannot read what nft lists of table ${family} lxcnet`, { cause: error });
  }
}

/** The first line says what is wrong; what follows quotes the transaction. */
function firstError(stderr: string): string {
  const line = stderr.split('\n').find((text) => /error/i.test(text)) ?? stderr.split('\n')[0] ?? '';
  return line.replace(/^.*?Error: /, '').trim() || 'nft gave no reason';
}
