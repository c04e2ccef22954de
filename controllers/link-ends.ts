import { hostInterfaceOf } from '../src/api/naming.ts';
import type { Key } from '../src/api/key.ts';
import type { Claim } from '../src/kernel/command.ts';
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
 * What the host's end is to be called. What LXC has made, or somebody else who let us have it, keeps the name with which it
 * came, unless the manifest has one for it.
 */
export function hostNameOf(
  { manifest: { key, resource }, input: { claims } }: LinkContext,
  host: ObservedInterface | undefined,
): string {
  const name = hostInterfaceOf(resource);
  if (!host || resource.spec.hostInterface !== undefined) return name;
  const claim = interfaceClaim(key, host, claims);
  return claim ? (claim.before ?? name) : host.name;
}

/** What the inventory says of an interface, also where somebody has given it another name. */
export function interfaceClaim(key: Key, device: ObservedInterface, claims: Claims): Claim | undefined {
  const owned = claims.of(key).filter(({ object }) => object === 'interface');
  return owned.find(({ id }) => id === device.name) ?? (isMarkedFor(device, key) ? owned[0] : undefined);
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
