import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ResolverCommand } from './command.ts';
import type { ResolverView, ResolversView } from './observed.ts';
import { PROGRAM_FOLDERS, runProgram } from './programs.ts';
import { DATA_OPTIONS, type ResolverFiles, configDigest, dataDigest } from './resolver-files.ts';
import {
  configArgument,
  configName,
  endProcesses,
  processOf,
  readText,
  signalProcess,
} from './resolver-process.ts';

const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
const START_TIMEOUT = 10_000;
/** dnsmasq's configuration gives other characters a meaning. */
const PLAIN_PATH = /^[A-Za-z0-9_./@+:-]+$/;

const NOTHING: ResolversView = { installed: true, found: new Map() };

interface Problem {
  readonly config: string;
  readonly message: string;
  readonly failures: number;
  readonly until: number;
}

/**
 * The dnsmasq of each bridge, one for each of its services: a process and a directory. They outlive the daemon, so names
 * are there while it is restarted; what a process was started with, and what it has read since, is found in them again.
 */
export class Resolvers {
  readonly #directory: string;
  readonly #problems = new Map<string, Problem>();
  #names: ReadonlySet<string> | undefined;
  #wanted: ReadonlySet<string> = new Set();
  #installed = true;
  /** What the last look has seen, as {@link #trace} tells it. */
  #seen = '';
  #last: ResolversView | undefined;

  /** @param runtimeDir The daemon's own; nobody else writes there. */
  constructor(runtimeDir: string) {
    this.#directory = join(runtimeDir, 'resolvers');
  }

  /** Looks at what there is. @param wanted Those that are to be there, as BRIDGE/SERVICE. */
  look(wanted: ReadonlySet<string>): ResolversView {
    this.#wanted = wanted;
    this.#names ??= this.#list();
    if (!this.#isUsed()) return NOTHING;
    const trace = this.#trace();
    if (trace === this.#seen && this.#last) return this.#last;
    this.#seen = trace;
    const found = new Map<string, ResolverView>();
    for (const name of this.#names) found.set(name, this.#view(name));
    for (const name of this.#problems.keys())
      if (!found.has(name)) found.set(name, this.#withProblem(name, {}));
    return (this.#last = { installed: this.#installed, found });
  }

  /** Whether something is another than at the last look: a process has ended, another attempt to start one is due, … */
  changed(): boolean {
    return this.#isUsed() && this.#trace() !== this.#seen;
  }

  /** Lets what has failed be tried again at once. */
  forgetProblems(): void {
    this.#problems.clear();
    this.#last = undefined;
  }

  /** @returns what went wrong. */
  async carryOut(command: ResolverCommand): Promise<string | undefined> {
    const directory = join(this.#directory, command.name);
    try {
      switch (command.action) {
        case 'stop':
          await endProcesses(directory);
          await rm(directory, { recursive: true, force: true });
          // That of the bridge goes with its last service.
          await rmdir(dirname(directory)).catch(() => undefined);
          this.#problems.delete(command.name);
          return undefined;
        case 'reload':
          await this.#reload(directory, command.files);
          return this.#note(command, undefined);
        case 'start':
          return this.#note(command, await this.#start(directory, command));
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return command.action === 'stop' ? message : this.#note(command, message);
    } finally {
      this.#names = undefined;
      this.#last = undefined;
    }
  }

  /** The directories that there are, as BRIDGE/SERVICE. */
  #list(): ReadonlySet<string> {
    const services = (bridge: string): string[] =>
      namesIn(join(this.#directory, bridge)).map((service) => `${bridge}/${service}`);
    return new Set(namesIn(this.#directory).flatMap(services));
  }

  #isUsed(): boolean {
    return this.#wanted.size > 0 || (this.#names?.size ?? 0) > 0;
  }

  #view(name: string): ResolverView {
    const directory = join(this.#directory, name);
    const process = processOf(directory);
    const digest = dataDigest(readData(directory));
    const isLoaded = process && readText(join(directory, 'loaded')) === loadedText(process.pid, digest);
    return this.#withProblem(name, {
      ...(process && !process.stopped && { running: process }),
      ...(isLoaded && { data: digest }),
    });
  }

  #withProblem(name: string, view: ResolverView): ResolverView {
    const problem = this.#problems.get(name);
    return problem && performance.now() < problem.until ? { ...view, problem } : view;
  }

  /** A failure is remembered, so that the next attempt is made later each time. */
  #note(
    { name, files }: ResolverCommand & { action: 'start' | 'reload' },
    message: string | undefined,
  ): string | undefined {
    if (message === undefined) {
      this.#problems.delete(name);
      return undefined;
    }
    const failures = this.#problems.get(name)?.failures ?? 0;
    const until = performance.now() + Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY);
    this.#problems.set(name, { config: configDigest(files), message, failures: failures + 1, until });
    return message;
  }

  async #start(
    directory: string,
    { files, interface: device }: ResolverCommand & { action: 'start' },
  ): Promise<string | undefined> {
    if (!PLAIN_PATH.test(directory))
      return `${directory}: must consist of letters, digits and _ . / @ + : - for dnsmasq; --runtime-dir sets it`;
    await makeReadable(directory);
    const index = await interfaceIndex(device);
    const path = join(directory, configName(configDigest(files), index));
    await endProcesses(directory);
    for (const name of await readdir(directory)) if (name.endsWith('.conf')) await rm(join(directory, name));
    await writeData(directory, files.data);
    await replaceFile(path, files.config + localLines(directory, files));
    const ran = await runProgram('dnsmasq', [configArgument(path)], { timeout: START_TIMEOUT });
    if (ran.exitCode !== 0) return explain(ran.stderr.trim() || `dnsmasq ended with ${ran.exitCode}`);
    // From here on it answers: the program that was started returns when that is so.
    const process = processOf(directory);
    if (!process) return 'dnsmasq ended as soon as it was started; its log says why';
    await replaceFile(join(directory, 'loaded'), loadedText(process.pid, dataDigest(files.data)));
    return undefined;
  }

  async #reload(directory: string, files: ResolverFiles): Promise<void> {
    const process = processOf(directory);
    if (!process) return;
    await writeData(directory, files.data);
    signalProcess(process.pid, directory, 'SIGHUP');
    // Last, so that after a crash in between it is told once more.
    await replaceFile(join(directory, 'loaded'), loadedText(process.pid, dataDigest(files.data)));
  }

  /** A text that differs when anything that a look would see does. For each process it takes 0.1 ms. */
  #trace(): string {
    this.#installed = this.#wanted.size === 0 || isInstalled();
    const parts = [...new Set([...(this.#names ?? []), ...this.#wanted])].map((name) => {
      const directory = join(this.#directory, name);
      const files = DATA_OPTIONS.map((option) => {
        const file = statSync(join(directory, option), { throwIfNoEntry: false });
        return file && `${file.mtimeMs} ${file.size}`;
      });
      const problem = this.#problems.get(name);
      const due = problem !== undefined && performance.now() >= problem.until;
      return JSON.stringify([name, processOf(directory), due, ...files]);
    });
    return [this.#installed, ...parts].join('\n');
  }
}

/** Which of its data a process has read. */
function loadedText(pid: number, digest: string): string {
  return `${pid} ${digest}\n`;
}

/** What depends on the place and on the machine. */
function localLines(directory: string, { data }: ResolverFiles): string {
  // Where the package has made no user of its own, dnsmasq's default (nobody) has to do.
  const users = readText('/etc/passwd') ?? '';
  const lines = [
    `pid-file=${join(directory, 'pid')}`,
    ...(/^dnsmasq:/m.test(users) ? ['user=dnsmasq'] : []),
    ...DATA_OPTIONS.filter((option) => data[option] !== undefined).map(
      (option) => `${option}=${join(directory, option)}`,
    ),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function readData(directory: string): ResolverFiles['data'] {
  const texts = DATA_OPTIONS.map((option) => [option, readText(join(directory, option))] as const);
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

async function writeData(directory: string, data: ResolverFiles['data']): Promise<void> {
  for (const option of DATA_OPTIONS) {
    const text = data[option];
    if (text === undefined) await rm(join(directory, option), { force: true });
    else await replaceFile(join(directory, option), text);
  }
}

/** Whoever reads sees the old content or the new one. dnsmasq reads with another user's rights. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
}

/** Makes the directory. @throws {Error} Where dnsmasq, which has given up root's rights, could not get at it. */
async function makeReadable(directory: string): Promise<void> {
  const bridge = dirname(directory);
  for (const path of [dirname(bridge), bridge, directory]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755);
  }
  for (let path = dirname(directory); path !== '/'; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0)
      throw new Error(`${path} is closed to the user that dnsmasq runs as; \`chmod o+x ${path}\` opens it`);
  }
}

async function interfaceIndex(name: string): Promise<number> {
  const { stdout, stderr } = await runProgram('ip', ['-j', 'link', 'show', 'dev', name]);
  const index = /"ifindex":(\d+)/.exec(stdout)?.[1];
  if (index === undefined) throw new Error(stderr.trim());
  return Number(index);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isInstalled(): boolean {
  return PROGRAM_FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, 'dnsmasq'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** dnsmasq's words, and what can be done. */
function explain(words: string): string {
  const message = words.replace(/^\n?dnsmasq: /, '');
  return /address already in use/i.test(message)
    ? `${message}: another program listens there; \`ss -lnp 'sport = 53 or sport = 67'\` names it`
    : message;
}
