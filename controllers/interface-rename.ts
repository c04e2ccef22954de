import type { Key } from '../src/api/key.ts';
import type { Operation, Place } from '../src/kernel/command.ts';
import type { ObservedInterface } from '../src/kernel/observed.ts';
import { type Claims, ip } from './plan.ts';

/** An interface that gets another name, and what it is like after that. */
export interface Renamed {
  readonly operation: Operation;
  readonly device: ObservedInterface;
}

/**
 * Gives one of our interfaces on the host the name that it should have; what hangs on it stays.
 *
 * @param before The name with which it came, where it was there before it became ours.
 */
export function renamed(
  owner: Key,
  device: ObservedInterface,
  to: string,
  claims: Claims,
  before?: string,
): Renamed {
  const former = claims.find('interface', device.name);
  const operation = {
    ...renaming(owner, 'host', device.name, to, `interface ${device.name}`),
    claim: { owner, object: 'interface' as const, id: to, ...(before !== undefined && { before }) },
    ...(former?.owner === owner && { release: former }),
  };
  return { operation, device: renamedDevice(device, to) };
}

/** The same for one in a container. */
export function renamedInside(
  owner: Key,
  place: Exclude<Place, 'host'>,
  device: ObservedInterface,
  to: string,
): Renamed {
  const operation = renaming(owner, place, device.name, to, `interface ${device.name} in ${owner}`);
  return { operation, device: renamedDevice(device, to) };
}

/** An interface that goes down for its new name loses its IPv6 addresses. */
function renamedDevice(device: ObservedInterface, name: string): ObservedInterface {
  const addresses = device.addresses.filter((address) => !address.includes(':'));
  return { ...device, name, up: false, addresses, linkLocal: false };
}

/** Older kernels refuse to rename an interface that is up. */
function renaming(key: Key, place: Place, from: string, to: string, object: string): Operation {
  const set = (...args: readonly string[]) => ip(place, 'link', 'set', 'dev', from, ...args);
  return {
    key,
    stage: place === 'host' ? 'create' : 'container',
    verb: 'update',
    object,
    field: 'name',
    from,
    to,
    commands: [set('down'), set('name', to)],
  };
}
