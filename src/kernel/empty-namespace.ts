import { readFileSync } from 'node:fs';
import { namespaceIdentity } from './namespace-identity.ts';
import type { NamespaceView } from './observed.ts';

const EMPTY: NamespaceView = { interfaces: new Map(), routes: [], proxies: new Set() };

/**
 * What is seen in a process's network namespace that has no interface besides the loopback: nothing that a Link is about,
 * so that no program has to go in to look. That is how a container begins whose interfaces LXC does not make.
 *
 * @param path Of the namespace, below a process's directory in /proc.
 * @param identity Device and inode that the namespace must still have, as `D:I`.
 * @returns `undefined` where there is more in it, or that cannot be told.
 */
export function emptyNamespace(path: string, identity: string): NamespaceView | undefined {
  const process = /^\/proc\/\d+(?=\/ns\/net$)/.exec(path)?.[0];
  if (process === undefined) return undefined;
  try {
    const devices = readFileSync(`${process}/net/dev`, 'utf8').match(/^ *[^ :|]+:/gm);
    const onlyLoopback = devices?.length === 1 && devices[0].trim() === 'lo:';
    return onlyLoopback && namespaceIdentity(path) === identity ? EMPTY : undefined;
  } catch {
    return undefined;
  }
}
