import { hostInterfaceOf } from '../src/api/naming.ts';
import { type ObservedInterface, interfaceByIndex, interfaceMarkedFor } from '../src/kernel/observed.ts';
import type { LinkContext } from './link-context.ts';
import { lxcNicOf } from './lxc-differences.ts';

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

/** What the host's end is to be called. What LXC has made, or somebody else who let us have it, keeps its name. */
export function hostNameOf(
  { manifest: { key, resource }, input: { claims } }: LinkContext,
  host: ObservedInterface | undefined,
): string {
  const name = hostInterfaceOf(resource);
  const isOurs = resource.spec.hostInterface !== undefined || claims.find('interface', name)?.owner === key;
  return host && !isOurs ? host.name : name;
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
