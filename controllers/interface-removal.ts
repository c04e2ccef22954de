import type { Key } from '../src/api/key.ts';
import type { Operation } from '../src/kernel/command.ts';
import { type ObservedInterface, isMarkedFor } from '../src/kernel/observed.ts';
import { type PlanInput, ip } from './plan.ts';

/** Removes an interface that carries lxcnet's mark; of a veth pair both ends go. */
export function interfaceRemoval(owner: Key, { name, kind }: ObservedInterface): Operation {
  return {
    key: owner,
    stage: kind === 'bridge' ? 'remove-bridges' : 'remove-links',
    verb: 'delete',
    object: `interface ${name}`,
    commands: [ip('host', 'link', 'delete', 'dev', name)],
    release: { owner, object: 'interface', id: name },
  };
}

/**
 * Removes the interfaces that a resource had under other names.
 *
 * @param names Of the one that it has.
 */
export function formerInterfaces(
  owner: Key,
  names: readonly (string | undefined)[],
  { observed, claims }: PlanInput,
): Operation[] {
  return claims
    .of(owner)
    .filter(({ object, id }) => object === 'interface' && !names.includes(id))
    .flatMap(({ id }) => {
      const device = observed.host.interfaces.get(id);
      return device && isMarkedFor(device, owner) ? [interfaceRemoval(owner, device)] : [];
    });
}
