import { type Key, displayKey, keyOf } from '../src/api/key.ts';
import type { PortForward } from '../src/api/port-forward.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Listener } from '../src/kernel/surroundings.ts';
import { type Note, type Plan, type PlanInput, conflict, resolved, unresolved } from './plan.ts';

/** What is to be said of a PortForward; its elements are in the netfilter plan. */
export function planPortForward(
  { key, resource }: Manifest<PortForward>,
  input: PlanInput,
  conflicts: ReadonlyMap<Key, Key>,
): Plan {
  const { name, namespace = resource.metadata.namespace } = resource.spec.link;
  const link = keyOf('Link', namespace, name);
  if (!input.desired.has(link)) return unresolved('NotFound', `there is no ${displayKey(link)}`);
  const references = resolved(`${displayKey(link)} is there`);
  const winner = conflicts.get(key);
  if (!winner) return { operations: [], references, notes: listenerNotes(resource, input) };
  const message = `${displayKey(winner)} forwards the same port, and comes first by namespace and name`;
  return { operations: [], references, obstacle: conflict(message) };
}

/** The host's own sockets on ports that are forwarded: whoever comes by the forward does not reach them any more. */
function listenerNotes({ spec }: PortForward, { observed }: PlanInput): Note[] {
  const { interfaces } = observed.host;
  const addresses =
    spec.addresses ??
    spec.interfaces?.flatMap((name) =>
      (interfaces.get(name)?.addresses ?? []).map((text) => text.slice(0, text.indexOf('/'))),
    );
  const concerns = ({ protocol, address, port }: Listener): boolean =>
    spec.ports.some(
      (one) => one.protocol === protocol && one.port <= port && port <= (one.endPort ?? one.port),
    ) &&
    (WILDCARDS.has(address) ||
      (isLoopback(address)
        ? spec.hairpin && address === '127.0.0.1'
        : (addresses?.includes(address) ?? true)));
  return observed.surroundings.listeners.filter(concerns).map(({ protocol, address, port, program }) => ({
    reason: 'PortInUse',
    message:
      `the host itself listens on ${address.includes(':') ? `[${address}]` : address}:${port}/${protocol}` +
      `${program === undefined ? '' : ` (${program})`}, which clients of this forward do not reach any more`,
  }));
}

const WILDCARDS: ReadonlySet<string> = new Set(['*', '0.0.0.0', '::']);

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
