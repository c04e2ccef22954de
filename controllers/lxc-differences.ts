import { formatAddress, parseAddress } from '../src/api/address.ts';
import { macAddressOf } from '../src/api/naming.ts';
import type { LxcNic } from '../src/kernel/observed.ts';
import type { LinkContext } from './link-context.ts';
import type { Note } from './plan.ts';

/** What LXC's configuration says of a Link's interface and the manifest does not; the manifest wins. */
export function lxcDifferences({
  manifest,
  bridge,
  input,
}: Pick<LinkContext, 'manifest' | 'bridge' | 'input'>): Note[] {
  const { key, resource } = manifest;
  const nic = input.observed.lxcNics.get(key);
  if (!nic) return [];
  const mac = macAddressOf(resource);
  const mtu = resource.spec.mtu ?? bridge.spec.mtu;
  const own = new Set(resource.spec.addresses);
  const line = (field: string, value: string): string => `lxc.net.${nic.index}.${field} = ${shown(value)}`;
  const differences = [
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
  ];
  if (differences.length === 0) return [];
  const namespace =
    resource.metadata.namespace === 'default' ? '' : ` --namespace ${resource.metadata.namespace}`;
  const remedy = `lxcnet lxc-config ${resource.metadata.name}${namespace} --veth`;
  const message = `LXC's configuration says otherwise of ${resource.spec.interface}, and the manifest wins: ${differences.join('; ')}; \`${remedy}\` prints the lines that agree`;
  return [{ reason: 'LxcConfigDiffers', message }];
}

/** Addresses, without prefix lengths, that an interface has because LXC's configuration says so. */
export function addressesOfLxc(nic: LxcNic | undefined): ReadonlySet<string> {
  return new Set((nic?.addresses ?? []).map((address) => canonical(address).split('/')[0]!));
}

/** A digit that is an `x` is made up at each start. */
function fits(mac: string, pattern: string): boolean {
  const given = pattern.toLowerCase();
  return given.length === mac.length && given.replace(/x/g, (_, at: number) => mac[at]!) === mac;
}

/** With the prefix length as it stands; LXC adds that of the class where there is none. */
function canonical(text: string): string {
  const [address = '', prefix] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed) return text;
  return prefix === undefined ? formatAddress(parsed) : `${formatAddress(parsed)}/${prefix}`;
}

/** What a file says goes into a message: not without end. */
function shown(value: string): string {
  return value.length <= 50 ? value : `${value.slice(0, 49)}…`;
}
