import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { basename, dirname, join } from 'node:path';

/*
 * A dnsmasq of ours is known by its one argument: the path of its configuration, below this daemon's own runtime
 * directory, with what was asked for in its name. So it outlives the daemon, and the next one finds it without having
 * to believe a number in a file. Another network namespace (a container with an lxcnet of its own) may have the same
 * path; its processes are not ours.
 *
 * As in `processes.ts` everything is read at once: it is looked at twice a second.
 */

export interface ResolverProcess {
  readonly pid: number;
  readonly config: string;
  readonly interfaceIndex: number;
  /** Whether somebody has stopped it with a signal, so that it answers nobody. */
  readonly stopped: boolean;
}

/** How long a process may take to end before it is killed. Milliseconds. */
const PATIENCE = 2_000;
const POLL = 5;

/** The name of a configuration file: what it says, and the number of the interface that it was made for. */
export function configName(config: string, interfaceIndex: number): string {
  return `${config}-${interfaceIndex}.conf`;
}

/** The argument of a dnsmasq that reads this file. */
export function configArgument(path: string): string {
  return `${CONFIG_OPTION}${path}`;
}
const CONFIG_OPTION = '--conf-file=';

/** The process whose number is in the directory's `pid` file, if it is a dnsmasq of this directory. */
export function processOf(directory: string): ResolverProcess | undefined {
  const text = readText(join(directory, 'pid')) ?? '';
  return /^\d{1,10}\n?$/.test(text) ? inspect(Number(text), directory) : undefined;
}

/** Ends every dnsmasq of this directory, also one whose `pid` file is lost. */
export async function endProcesses(directory: string): Promise<void> {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = numbers.flatMap((pid) => inspect(Number(pid), directory) ?? []);
  await Promise.all(found.map((process) => endProcess(process, directory)));
}

async function endProcess({ pid, stopped }: ResolverProcess, directory: string): Promise<void> {
  for (const signal of stopped ? (['SIGKILL'] as const) : (['SIGTERM', 'SIGKILL'] as const)) {
    const end = performance.now() + PATIENCE;
    signalProcess(pid, directory, signal);
    while (performance.now() < end) {
      if (!inspect(pid, directory)) return;
      await setTimeout(POLL);
    }
  }
}

/** Sends a signal, unless the process is not (any more) a dnsmasq of this directory. */
export function signalProcess(
  pid: number,
  directory: string,
  signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL',
): void {
  if (!inspect(pid, directory)) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** What a file says; `undefined` where there is none. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function inspect(pid: number, directory: string): ResolverProcess | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const argument = words[1];
    if (words.length !== 3 || argument?.startsWith(CONFIG_OPTION) !== true) return undefined;
    const path = argument.slice(CONFIG_OPTION.length);
    const name = /^(?<config>[0-9a-f]+)-(?<index>\d+)\.conf$/.exec(basename(path))?.groups;
    if (!name || dirname(path) !== directory) return undefined;
    if (readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net')) return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (/[ZXx]/.test(state)) return undefined;
    return {
      pid,
      config: name.config!,
      interfaceIndex: Number(name.index),
      stopped: /[Tt]/.test(state),
    };
  } catch {
    return undefined;
  }
}
