import { appendFile, readFile, readdir, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DEFAULT_LXC_PATH, type LxcContainer } from '../api/lxc-container.ts';
import { CommandError } from './io.ts';

/** What LXC tells a hook in its environment. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The container that a hook is run for. LXC does not tell its lxcpath: it is in the name of the monitor's command
 * socket, and in that of the configuration file where this is the usual one.
 *
 * @throws {CommandError} Where LXC has not started this process.
 */
export async function hookContainer({
  LXC_NAME: name,
  LXC_CONFIG_FILE: file,
}: Environment): Promise<LxcContainer> {
  if (name === undefined || name === '')
    throw new CommandError('LXC_NAME is not set: this is for LXC to run, as lxc.hook.pre-start and so on');
  const usual = file?.endsWith(`/${name}/config`) === true ? dirname(dirname(file)) : undefined;
  const sockets = await readFile('/proc/self/net/unix', 'utf8').catch(() => '');
  const paths = sockets
    .split('\n')
    .map((line) => line.slice(line.indexOf('@') + 1))
    .filter((socket) => socket.startsWith('/') && socket.endsWith(`/${name}/command`))
    .map((socket) => dirname(dirname(socket)));
  const only = new Set(paths).size === 1 ? paths[0] : undefined;
  const path = usual !== undefined && paths.includes(usual) ? usual : (only ?? usual ?? DEFAULT_LXC_PATH);
  return { name, path };
}

/**
 * Writes a line into the log file of the container that LXC has open. What a hook prints itself is in there only where
 * LXC's log level is DEBUG or lower, and a hook cannot tell: LXC_LOG_LEVEL is not what LXC's command line says. Nothing is
 * said where that is not possible.
 */
export async function appendToLxcLog({ LXC_NAME: name = '' }: Environment, text: string): Promise<void> {
  try {
    const file = await lxcLog(process.ppid);
    const stamp = new Date().toISOString().replace(/[-:TZ]/g, '');
    if (file !== undefined) await appendFile(file, `lxcnet ${name} ${stamp} ERROR    hook - ${text}\n`);
  } catch {
    // the message is on standard error as well
  }
}

/** How many processes there may be between LXC and this one: a shell, and a script around lxcnet. */
const MOST_PARENTS = 4;
const O_APPEND = 0o2000;
const O_CLOEXEC = 0o2000000;

/** The log file of the LXC process that this one descends from: the only file that it appends to and does not pass on. */
async function lxcLog(parent: number): Promise<string | undefined> {
  for (let pid = parent, step = 0; pid > 1 && step < MOST_PARENTS; step++) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const program = await readlink(`/proc/${pid}/exe`);
    if (/\/lxc-[^/]*$/.test(program)) return appended(pid);
    pid = Number(/^PPid:\s+(?<pid>\d+)$/m.exec(status)?.groups?.pid ?? 0);
  }
  return undefined;
}

async function appended(pid: number): Promise<string | undefined> {
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '');
    const flags = parseInt(/^flags:\s+(?<flags>[0-7]+)$/m.exec(info)?.groups?.flags ?? '0', 8);
    const path = `/proc/${pid}/fd/${fd}`;
    const wanted = O_APPEND | O_CLOEXEC;
    if ((flags & wanted) === wanted && (await readlink(path)).startsWith('/')) return path;
  }
  return undefined;
}
