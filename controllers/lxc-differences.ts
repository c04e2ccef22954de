import { canonicalAddress, parseAddress, parseCidr } from '../src/api/address.ts';
import type { Bridge } from '../src/api/bridge.ts';
import { gatewaysOf } from '../src/api/gateways.ts';
import type { Link } from '../src/api/link.ts';
import { bridgeInterfaceOf, macAddressOf } from '../src/api/naming.ts';
import type { LxcNic, ObservedInterface, ObservedRoute } from '../src/kernel/observed.ts';
import type { LinkContext } from './link-context.ts';
import type { Note } from './plan.ts';

type Context = Pick<LinkContext, 'manifest' | 'bridge' | 'input'>;

/** What LXC's configuration says of a Link's interface: the one of that name, or else the only one that is in its bridge. */
export function lxcNicOf({ manifest, bridge, input }: Context): LxcNic | undefined {
  const candidates = input.observed.lxcNics.get(manifest.key) ?? [];
  const named = candidates.find(({ name }) => name === manifest.resource.spec.interface);
  const [nic, ...others] = candidates.filter(({ link }) => link === bridgeInterfaceOf(bridge));
  return named ?? (others.length === 0 ? nic : undefined);
}

/** What LXC's configuration says of a Link's interface and the manifest does not; the manifest wins. */
export function lxcDifferences(context: Context): Note[] {
  const { manifest, bridge } = context;
  const { resource } = manifest;
  const nic = lxcNicOf(context);
  if (!nic) return [];
  const mac = macAddressOf(resource);
  const mtu = resource.spec.mtu ?? bridge.spec.mtu;
  const own = new Set(resource.spec.addresses);
  const line = (field: string, value: string): string => `lxc.net.${nic.index}.${field} = ${shown(value)}`;
  const master = bridgeInterfaceOf(bridge);
  const differences = [
    ...(nic.name === resource.spec.interface
      ? []
      : [`${line('name', nic.name)}, and not ${resource.spec.interface}`]),
    ...(nic.link === master
      ? []
      : [
          nic.link === undefined
            ? `lxc.net.${nic.index}.link is not ${master}`
            : `${line('link', nic.link)}, and not ${master}`,
        ]),
    ...(nic.macAddress === undefined || fits(mac, nic.macAddress)
      ? []
      : [`${line('hwaddr', nic.macAddress)}, and not ${mac}`]),
    ...(nic.mtu === undefined || Number(nic.mtu) === mtu ? [] : [`${line('mtu', nic.mtu)}, and not ${mtu}`]),
    ...(nic.up ? [] : [`lxc.net.${nic.index}.flags is not up`]),
    ...nic.addresses
      .filter((address) => !own.has(canonical(address)))
      .map((address) => {
        const field = address.includes(':') ? 'ipv6.address' : 'ipv4.address';
        return `${line(field, address)}, which the Link does not have`;
      }),
    ...gatewayDifferences(nic, resource, bridge).map(({ field, value, wanted }) =>
      wanted === undefined
        ? `${line(field, value)}, which the Link does not have`
        : `${line(field, value)}, and not ${wanted}`,
    ),
  ];
  if (differences.length === 0) return [];
  const namespace =
    resource.metadata.namespace === 'default' ? '' : ` --namespace ${resource.metadata.namespace}`;
  const remedy = `lxcnet lxc-config ${resource.metadata.name}${namespace} --veth`;
  const message = `LXC's configuration says otherwise of ${resource.spec.interface}, and the manifest wins: ${differences.join('; ')}; \`${remedy}\` prints the lines that agree`;
  return [{ reason: 'LxcConfigDiffers', message }];
}

/** Gateways of LXC's that are not the Link's, and the Link's of that family. */
function gatewayDifferences(
  nic: LxcNic,
  link: Link,
  bridge: Bridge,
): { field: string; value: string; wanted: string | undefined }[] {
  const own = gatewaysOf(link, bridge);
  return ([4, 6] as const).flatMap((family) => {
    const value = nic.gateways[`ipv${family}`];
    if (value === undefined) return [];
    const wanted = own.find((address) => parseAddress(address)!.family === family);
    const given = value === 'auto' ? addressOfBridge(nic, bridge, family) : canonical(value);
    return given !== undefined && given === wanted ? [] : [{ field: `ipv${family}.gateway`, value, wanted }];
  });
}

/** What LXC takes for `auto`: known where its `link` is the Link's bridge. */
function addressOfBridge(nic: LxcNic, bridge: Bridge, family: 4 | 6): string | undefined {
  if (nic.link !== bridgeInterfaceOf(bridge)) return undefined;
  const address = bridge.spec.addresses.find((text) => parseCidr(text)!.family === family);
  return address?.split('/')[0];
}

/**
 * Whether LXC made this veth, the other end of which is the Link's interface: it has no mark, and is where LXC's
 * configuration has it, if that is not the Link's bridge anyway.
 */
export function isWhereLxcPutIt(device: ObservedInterface, nic: LxcNic | undefined, bridge: Bridge): boolean {
  return (
    device.alias === '' &&
    (device.master === bridgeInterfaceOf(bridge) || (!!nic && device.master === nic.link))
  );
}

/** Addresses, without prefix lengths, that an interface has because LXC's configuration says so. */
export function addressesOfLxc(nic: LxcNic | undefined): ReadonlySet<string> {
  return new Set((nic?.addresses ?? []).map((address) => canonical(address).split('/')[0]!));
}

/** Whether this is a default route that an interface has because LXC's configuration says so. */
export function isGatewayOfLxc({ to, via }: ObservedRoute, nic: LxcNic | undefined): boolean {
  const { ipv4, ipv6 } = nic?.gateways ?? {};
  const given = to === '0.0.0.0/0' ? ipv4 : to === '::/0' ? ipv6 : undefined;
  return given !== undefined && via === canonical(given);
}

/** A digit that is an `x` is made up at each start. */
function fits(mac: string, pattern: string): boolean {
  const given = pattern.toLowerCase();
  return given.length === mac.length && given.replace(/x/g, (_, at: number) => mac[at]!) === mac;
}

/** With the prefix length as it stands; LXC adds that of the class where there is none. */
function canonical(text: string): string {
  const [address = '', prefix] = text.split('/');
  return prefix === undefined ? canonicalAddress(address) : `${canonicalAddress(address)}/${prefix}`;
}

/** What a file says goes into a message: not without end. */
function shown(value: string): string {
  return value.length <= 50 ? value : `${value.slice(0, 49)}…`;
}
