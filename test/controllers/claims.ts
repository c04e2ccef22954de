import type { Claim, Operation } from '../../src/kernel/command.ts';
import type { Key } from '../../src/api/key.ts';
import type { ObservedRoute } from '../../src/kernel/observed.ts';

/** An entry of the inventory. */
export function claim(owner: Key, object: Claim['object'], id: string, before?: string): Claim {
  return { owner, object, id, ...(before !== undefined && { before }) };
}

/** The claims that the operations enter, as `OBJECT ID`. */
export function claimed(operations: readonly Operation[]): string[] {
  return operations.flatMap(({ claim: one }) => (one ? [`${one.object} ${one.id}`] : []));
}

/** The claims that the operations let go, as `OBJECT ID`. */
export function released(operations: readonly Operation[]): string[] {
  return operations.flatMap(({ release }) => (release ? [`${release.object} ${release.id}`] : []));
}

/** A route of the main table, as lxcnet makes it, with the differences. */
export function observedRoute(to: string, more: Partial<ObservedRoute> = {}): ObservedRoute {
  const family = to.includes(':') ? 6 : 4;
  return {
    family,
    to,
    type: 'unicast',
    table: 254,
    metric: family === 4 ? 0 : 1024,
    protocol: '199',
    ...more,
  };
}
