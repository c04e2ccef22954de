import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What every name of a site begins with; the id of its process follows. */
export const PREFIX = 'lxnq';

/** What a site is made of. */
export interface Parts {
  readonly host: string;
  readonly client: string;
  readonly directory: string;
}

/** The containers of a site, each in a directory named after it. */
export function lxcPathOf(directory: string): string {
  return join(directory, 'lxc');
}

/** Ends the containers and processes of a site, and removes all of it. Does not wait for anything else, so that it may run while the process exits. */
export function removeSite({ host, client, directory }: Parts): void {
  stopContainers(host, lxcPathOf(directory));
  for (const name of [host, client]) {
    if (!existsSync(`/run/netns/${name}`)) continue;
    for (const pid of lines('ip', 'netns', 'pids', name)) endProcess(Number(pid));
    spawnSync('ip', ['netns', 'delete', name]);
  }
  if (directory === '' || !existsSync(directory)) return;
  // The containers saw the machine's own /usr below here: it must never be reached by a removal.
  if (readFileSync('/proc/self/mountinfo', 'utf8').includes(directory))
    throw new Error(`something is still mounted below ${directory}: it stays`);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Removes the sites of processes that were killed before they could do it themselves. */
export function sweepSites(): void {
  const names = [...list('/run/netns'), ...list(tmpdir())];
  const pids = new Set(names.flatMap((name) => new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? []));
  for (const pid of pids) {
    if (existsSync(`/proc/${pid}`)) continue;
    const site = `${PREFIX}${pid}-`;
    const directory = list(tmpdir()).find((name) => name.startsWith(site));
    removeSite({
      host: `${site}host`,
      client: `${site}client`,
      directory: directory === undefined ? '' : join(tmpdir(), directory),
    });
  }
}

function stopContainers(host: string, lxcPath: string): void {
  if (!existsSync(`/run/netns/${host}`)) return;
  for (const name of list(lxcPath)) {
    const stop = ['lxc-stop', '-P', lxcPath, '-n', name, '--kill'];
    spawnSync('ip', ['netns', 'exec', host, ...stop], { timeout: 10_000 });
  }
}

/** Kills a process, or with a negative number a group of them. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

function lines(program: string, ...args: readonly string[]): string[] {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
