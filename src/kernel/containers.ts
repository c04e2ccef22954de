import { readFile, stat } from 'node:fs/promises';
import type { Link } from '../api/link.ts';
import { runProgram } from './programs.ts';

/** The network namespace of a container, found but not yet looked into. */
export type ContainerNamespace =
  | { readonly state: 'running'; readonly path: string; readonly identity: string }
  | { readonly state: 'absent'; readonly reason: string }
  | { readonly state: 'unusable'; readonly reason: string };

type ContainerReference = Link['spec']['container'];

const DEFAULT_LXC_PATH = '/var/lib/lxc';

/**
 * Finds the network namespace that a Link's `spec.container` names. Never throws; a container that does not run is
 * `absent`, one that shares the host's namespace is `unusable`.
 */
export async function findContainer(container: ContainerReference): Promise<ContainerNamespace> {
  if (container.netns !== undefined) {
    return atPath(`/run/netns/${container.netns}`, `there is no network namespace '${container.netns}'`);
  }
  if (container.pid !== undefined) {
    return atPath(`/proc/${container.pid}/ns/net`, `there is no process ${container.pid}`);
  }
  if (container.machine !== undefined) return machine(container.machine);
  return lxc(container.lxc!, container.lxcPath ?? DEFAULT_LXC_PATH);
}

async function atPath(path: string, absent: string): Promise<ContainerNamespace> {
  const identity = await namespaceIdentity(path);
  if (identity === undefined) return { state: 'absent', reason: absent };
  if (identity === (await namespaceIdentity('/proc/self/ns/net'))) {
    return { state: 'unusable', reason: "it shares the host's network namespace, so it cannot be isolated" };
  }
  return { state: 'running', path, identity };
}

/** Device and inode of a namespace, which no other namespace has while it exists. */
async function namespaceIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

async function lxc(name: string, lxcPath: string): Promise<ContainerNamespace> {
  const absent = `the LXC container '${name}' is not running`;
  if (!(await hasCommandSocket(name, lxcPath))) return { state: 'absent', reason: absent };
  const info = await runProgram('lxc-info', ['-P', lxcPath, '-n', name, '-p', '-H'], { timeout: 2_000 });
  const pid = /^\s*(?<pid>[1-9]\d{0,6})\s*$/.exec(info.stdout)?.groups?.pid;
  return pid === undefined ? { state: 'absent', reason: absent } : atPath(`/proc/${pid}/ns/net`, absent);
}

/**
 * Whether LXC's monitor of this container listens. Its socket is abstract, so the kernel lists it, and looking for it
 * is a thousand times cheaper than lxc-info. LXC hashes names that do not fit; then lxc-info has to be asked.
 */
async function hasCommandSocket(name: string, lxcPath: string): Promise<boolean> {
  const socket = `${lxcPath}/${name}/command`;
  if (socket.length > 100) return true;
  const sockets = await readFile('/proc/self/net/unix', 'utf8').catch(() => '');
  return sockets.includes(`@${socket}\n`);
}

async function machine(name: string): Promise<ContainerNamespace> {
  const absent = `the machine '${name}' is not running`;
  const shown = await runProgram('machinectl', ['show', '--property=Leader', '--value', '--', name], {
    timeout: 2_000,
  });
  const pid = /^(?<pid>[1-9]\d{0,6})\s*$/.exec(shown.stdout)?.groups?.pid;
  return pid === undefined ? { state: 'absent', reason: absent } : atPath(`/proc/${pid}/ns/net`, absent);
}
