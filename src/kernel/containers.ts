import type { Link } from '../api/link.ts';
import { type LxcContainer, lxcContainerOf } from '../api/lxc-container.ts';
import { LxcProcesses } from './lxc.ts';
import { Machines } from './machines.ts';
import { NamedProcesses } from './named-processes.ts';
import { namespaceIdentity } from './namespace-identity.ts';

/** The network namespace of a container, found but not yet looked into. */
export type ContainerNamespace =
  | { readonly state: 'running'; readonly path: string; readonly identity: string }
  | {
      readonly state: 'absent';
      readonly reason: string;
      /** Whether it is there, but not finished. */
      readonly starting?: true;
    }
  | { readonly state: 'unusable'; readonly reason: string };

type ContainerReference = Link['spec']['container'];

/** Finds the network namespaces of containers, and knows what it has found before. */
export class Containers {
  /** Who knows the processes of LXC containers. */
  readonly processes = new LxcProcesses();
  readonly #machines = new Machines();
  readonly #named = new NamedProcesses();

  /**
   * Finds the network namespaces that `spec.container` of Links names, in the same order. Never throws; a container that
   * does not run is `absent`, one that shares the host's namespace is `unusable`.
   */
  async find(references: readonly ContainerReference[]): Promise<ContainerNamespace[]> {
    const lxc = references.flatMap((reference) => lxcContainerOf(reference) ?? []);
    const processes = await this.processes.find(lxc);
    const found = new Map(lxc.map((container, index) => [idOf(container), processes[index]]));
    const own = namespaceIdentity('/proc/self/ns/net');
    return Promise.all(
      references.map(async (reference) => {
        const container = lxcContainerOf(reference);
        if (!container) return this.#findOther(reference, own);
        return ofProcess(found.get(idOf(container)), `the LXC container '${container.name}'`, own);
      }),
    );
  }

  /** Forgets which processes all others have named. */
  keep(references: readonly ContainerReference[]): void {
    this.#named.keep(new Set(references.flatMap(({ pid }) => pid ?? [])));
  }

  async #findOther(
    { netns, pid, machine }: ContainerReference,
    own: string | undefined,
  ): Promise<ContainerNamespace> {
    if (netns !== undefined)
      return atPath(`/run/netns/${netns}`, `there is no network namespace '${netns}'`, own);
    if (pid !== undefined) return ofPid(pid, this.#named.find(pid), own);
    return ofProcess(await this.#machines.leaderOf(machine!), `the machine '${machine}'`, own);
  }
}

function idOf({ path, name }: LxcContainer): string {
  return `${path}/${name}`;
}

function atPath(path: string, absent: string, own: string | undefined): ContainerNamespace {
  const identity = namespaceIdentity(path);
  return identity === undefined ? { state: 'absent', reason: absent } : usable(path, identity, own);
}

function ofPid(
  pid: number,
  process: ReturnType<NamedProcesses['find']>,
  own: string | undefined,
): ContainerNamespace {
  if (process === undefined) return { state: 'absent', reason: `there is no process ${pid}` };
  if (process !== 'another') return usable(`/proc/${pid}/ns/net`, process.identity, own);
  const reason = `process ${pid} is another one than before, and not this container; write the id of the container's process of now into spec.container.pid`;
  return { state: 'absent', reason };
}

function ofProcess(
  process: { readonly pid: number; readonly identity: string } | 'starting' | undefined,
  what: string,
  own: string | undefined,
): ContainerNamespace {
  if (process === 'starting') return { state: 'absent', reason: `${what} is still starting`, starting: true };
  return process
    ? usable(`/proc/${process.pid}/ns/net`, process.identity, own)
    : { state: 'absent', reason: `${what} is not running` };
}

function usable(path: string, identity: string, own: string | undefined): ContainerNamespace {
  return identity === own
    ? { state: 'unusable', reason: "it shares the host's network namespace, so it cannot be isolated" }
    : { state: 'running', path, identity };
}
