import type { Key } from '../src/api/key.ts';
import type { Claim, Operation } from '../src/kernel/command.ts';
import { type ObservedInterface, isMarkedFor } from '../src/kernel/observed.ts';
import { type PlanInput, ip } from './plan.ts';

/** Takes out of the inventory what is not there, or not ours, any more. */
export function letGo(claim: Claim): Operation {
  return {
    key: claim.owner,
    stage: 'restore',
    verb: 'delete',
    object: `${claim.object} ${claim.id}`,
    commands: [],
    release: claim,
  };
}

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
 * Removes the interfaces that a resource had under other names, and forgets those that are gone: LXC gives a container's
 * veth another name with each start.
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
    .flatMap((claim) => {
      const device = observed.host.interfaces.get(claim.id);
      if (!device) return [letGo(claim)];
      return isMarkedFor(device, owner) ? [interfaceRemoval(owner, device)] : [];
    });
}
