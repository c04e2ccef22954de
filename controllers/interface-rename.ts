import type { Key } from '../src/api/key.ts';
import type { Operation, Place } from '../src/kernel/command.ts';
import type { ObservedInterface } from '../src/kernel/observed.ts';
import { type PlanInput, ip } from './plan.ts';

/** An interface that gets another name, and what it is like after that. */
export interface Renamed {
  readonly operations: readonly Operation[];
  readonly device: ObservedInterface;
}

/** Gives one of our interfaces on the host the name that it should have; what hangs on it stays. */
export function renamed(owner: Key, device: ObservedInterface, to: string, { claims }: PlanInput): Renamed {
  const former = { owner, object: 'interface' as const, id: device.name };
  const operation = {
    ...renaming(owner, 'host', device.name, to, `interface ${device.name}`),
    claim: { ...former, id: to },
    ...(claims.find('interface', device.name)?.owner === owner && { release: former }),
  };
  return { operations: [operation], device: { ...device, name: to, up: false } };
}

/** The same for one in a container. */
export function renamedInside(
  owner: Key,
  place: Exclude<Place, 'host'>,
  device: ObservedInterface,
  to: string,
): Renamed {
  const operation = renaming(owner, place, device.name, to, `interface ${device.name} in ${owner}`);
  return { operations: [operation], device: { ...device, name: to, up: false } };
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
