import type { Link } from '../api/link.ts';
import { DEFAULT_LXC_PATH, type LxcContainer, type LxcProcesses } from './lxc.ts';
import { namespaceIdentity } from './namespace-identity.ts';
import { runProgram } from './programs.ts';

/** The network namespace of a container, found but not yet looked into. */
export type ContainerNamespace =
  | { readonly state: 'running'; readonly path: string; readonly identity: string }
  | { readonly state: 'absent'; readonly reason: string }
  | { readonly state: 'unusable'; readonly reason: string };

type ContainerReference = Link['spec']['container'];

/**
 * Finds the network namespace that a Link's `spec.container` names. Never throws; a container that does not run is
 * `absent`, one that shares the host's namespace is `unusable`.
 */
export async function findContainer(
  container: ContainerReference,
  processes: LxcProcesses,
): Promise<ContainerNamespace> {
  if (container.netns !== undefined) {
    return atPath(`/run/netns/${container.netns}`, `there is no network namespace '${container.netns}'`);
  }
  if (container.pid !== undefined) {
    return atPath(`/proc/${container.pid}/ns/net`, `there is no process ${container.pid}`);
  }
  if (container.machine !== undefined) return machine(container.machine);
  return lxc(lxcContainerOf(container)!, processes);
}

/** The LXC container that a Link names; `undefined` where it names something else. */
export function lxcContainerOf({ lxc: name, lxcPath }: ContainerReference): LxcContainer | undefined {
  if (name === undefined) return undefined;
  // LXC leaves out the slashes at its end, too.
  return { name, path: lxcPath?.replace(/\/+$/, '') ?? DEFAULT_LXC_PATH };
}

async function atPath(path: string, absent: string): Promise<ContainerNamespace> {
  const identity = await namespaceIdentity(path);
  if (identity === undefined) return { state: 'absent', reason: absent };
  if (identity === (await namespaceIdentity('/proc/self/ns/net'))) {
    return { state: 'unusable', reason: "it shares the host's network namespace, so it cannot be isolated" };
  }
  return { state: 'running', path, identity };
}

async function lxc(container: LxcContainer, processes: LxcProcesses): Promise<ContainerNamespace> {
  const found = await processes.find(container);
  if (found === 'starting')
    return { state: 'absent', reason: `the LXC container '${container.name}' is still starting` };
  const absent = `the LXC container '${container.name}' is not running`;
  return found ? atPath(`/proc/${found.pid}/ns/net`, absent) : { state: 'absent', reason: absent };
}

async function machine(name: string): Promise<ContainerNamespace> {
  const absent = `the machine '${name}' is not running`;
  const shown = await runProgram('machinectl', ['show', '--property=Leader', '--value', '--', name], {
    timeout: 2_000,
  });
  const pid = /^(?<pid>[1-9]\d{0,6})\s*$/.exec(shown.stdout)?.groups?.pid;
  return pid === undefined ? { state: 'absent', reason: absent } : atPath(`/proc/${pid}/ns/net`, absent);
}
