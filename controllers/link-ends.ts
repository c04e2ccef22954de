import { hostInterfaceOf } from '../src/api/naming.ts';
import type { Key } from '../src/api/key.ts';
import {
  type ObservedInterface,
  interfaceByIndex,
  interfaceMarkedFor,
  isMarkedFor,
} from '../src/kernel/observed.ts';
import type { LinkContext } from './link-context.ts';
import { lxcNicOf } from './lxc-differences.ts';
import type { Claims } from './plan.ts';

/** The container's end of the pair under another name: somebody has given it one, or its manifest or LXC has. */
export function findInside(context: LinkContext): ObservedInterface | undefined {
  const { manifest, container, input } = context;
  const host = interfaceMarkedFor(input.observed.host, manifest.key);
  const nic = lxcNicOf(context);
  return [...container.view.interfaces.values()].find(
    ({ kind, name, index, peerIndex }) =>
      kind === 'veth' && (nic?.name === name || (index === host?.peerIndex && peerIndex === host.index)),
  );
}

/**
 * The name with which the host's end came, where LXC has made it, or somebody else who let us have it: it keeps that, or
 * gets it back, unless the manifest has one for it.
 */
export function nameBefore(key: Key, host: ObservedInterface, claims: Claims): string | undefined {
  const owned = claims.of(key).filter(({ object }) => object === 'interface');
  // One of ours that is not in the inventory has got another name from somebody.
  const claim = owned.find(({ id }) => id === host.name) ?? (isMarkedFor(host, key) ? owned[0] : undefined);
  return claim ? claim.before : host.name;
}

/** The host's end: the other end of the interface inside, or else what has our mark or the name that it would get. */
export function findHostEnd(
  { manifest, input }: LinkContext,
  inside: ObservedInterface | undefined,
): ObservedInterface | undefined {
  const { host } = input.observed;
  if (!inside) {
    return interfaceMarkedFor(host, manifest.key) ?? host.interfaces.get(hostInterfaceOf(manifest.resource));
  }
  const other = interfaceByIndex(host, inside.peerIndex);
  const paired = inside.kind === 'veth' && other?.kind === 'veth' && other.peerIndex === inside.index;
  return paired ? other : undefined;
}
