import type { Key } from '../src/api/key.ts';
import { bridgeInterfaceOf } from '../src/api/naming.ts';
import { isMarkedFor, markedKey } from '../src/kernel/observed.ts';
import type { Note, PlanInput } from './plan.ts';

/**
 * The ports of our bridges that no manifest declares: the name of the interface, and the bridge.
 *
 * @param adopted Interfaces that are about to be taken over on request, and whose traffic is to go on.
 */
export function findStrangers(
  { desired, observed }: PlanInput,
  adopted: ReadonlySet<string>,
): ReadonlyMap<string, Key> {
  const bridges = new Map<string, { readonly key: Key; readonly ports: readonly string[] }>();
  for (const { key, resource } of desired.values()) {
    if (resource.kind !== 'Bridge') continue;
    const name = bridgeInterfaceOf(resource);
    const device = observed.host.interfaces.get(name);
    if (device && isMarkedFor(device, key)) bridges.set(name, { key, ports: resource.spec.ports });
  }
  const strangers = new Map<string, Key>();
  for (const device of observed.host.interfaces.values()) {
    const bridge = device.master === undefined ? undefined : bridges.get(device.master);
    if (!bridge || bridge.ports.includes(device.name) || adopted.has(device.name)) continue;
    const owner = markedKey(device) as Key | undefined;
    if (owner === undefined || !desired.has(owner)) strangers.set(device.name, bridge.key);
  }
  return strangers;
}

/** What is said of a bridge with such a port. */
export function strangerNote(port: string): Note {
  return {
    reason: 'UndeclaredPort',
    message: `port '${port}' is declared by no manifest, so nothing passes it; a Link or spec.ports declares it`,
  };
}
