import { type Key, displayKey, keyOf } from '../src/api/key.ts';
import type { PortForward } from '../src/api/port-forward.ts';
import type { Manifest } from '../src/api/resource.ts';
import { type Plan, type PlanInput, conflict, resolved, unresolved } from './plan.ts';

/** What is to be said of a PortForward; its elements are in the netfilter plan. */
export function planPortForward(
  { key, resource }: Manifest<PortForward>,
  { desired }: PlanInput,
  conflicts: ReadonlyMap<Key, Key>,
): Plan {
  const { name, namespace = resource.metadata.namespace } = resource.spec.link;
  const link = keyOf('Link', namespace, name);
  if (!desired.has(link)) return unresolved('NotFound', `there is no ${displayKey(link)}`);
  const references = resolved(`${displayKey(link)} is there`);
  const winner = conflicts.get(key);
  if (!winner) return { operations: [], references };
  const message = `${displayKey(winner)} forwards the same port, and comes first by namespace and name`;
  return { operations: [], references, obstacle: conflict(message) };
}
