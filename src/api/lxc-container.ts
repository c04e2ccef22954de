import type { Link } from './link.ts';

/** An LXC container: its name, and the directory that its configuration is below. */
export interface LxcContainer {
  readonly name: string;
  readonly path: string;
}

/** LXC's own, as Debian builds it. */
export const DEFAULT_LXC_PATH = '/var/lib/lxc';

/** The LXC container that a Link names; `undefined` where it names something else. */
export function lxcContainerOf({ lxc: name, lxcPath }: Link['spec']['container']): LxcContainer | undefined {
  if (name === undefined) return undefined;
  // LXC leaves out the slashes at its end, too.
  return { name, path: lxcPath?.replace(/\/+$/, '') ?? DEFAULT_LXC_PATH };
}

/** Whether two Links name the same LXC container, however they write its path. */
export function isSameLxcContainer(
  one: Link['spec']['container'],
  other: Link['spec']['container'],
): boolean {
  const [first, second] = [one, other].map(lxcContainerOf);
  return first !== undefined && first.name === second?.name && first.path === second.path;
}
