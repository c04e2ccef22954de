import { json } from 'node:stream/consumers';
import type { ContainerFilter, ContainerLinks } from '../engine/ports.ts';
import type { LxcContainer, LxcProcess } from '../kernel/lxc.ts';
import { send } from './http.ts';

/** What a hook asks and tells the daemon. Apart from the client of the other commands, which takes longer to load. */
export interface HookDaemon {
  filterOf(container: LxcContainer): Promise<ContainerFilter>;
  started(container: LxcContainer, process: LxcProcess, signal: AbortSignal): Promise<ContainerLinks>;
  stopped(container: LxcContainer): Promise<void>;
}

/** A daemon that is there answers within milliseconds; one that has not by now does not. */
const LONGEST_ANSWER = 3_000;

export function hookDaemon(socketPath: string): HookDaemon {
  const url = ({ name }: LxcContainer): string => `/lxcnet/v1/lxc/${encodeURIComponent(name)}`;
  const soon = (): AbortSignal => AbortSignal.timeout(LONGEST_ANSWER);
  return {
    async filterOf(container) {
      const path = `${url(container)}?path=${encodeURIComponent(container.path)}`;
      return (await json(await send(socketPath, path, { signal: soon() }))) as ContainerFilter;
    },
    async started(container, process, signal) {
      const body = { path: container.path, ...process };
      const answer = await send(socketPath, `${url(container)}/started`, { method: 'POST', body, signal });
      return (await json(answer)) as ContainerLinks;
    },
    async stopped(container) {
      const body = { path: container.path };
      await send(socketPath, `${url(container)}/stopped`, { method: 'POST', body, signal: soon() });
    },
  };
}
