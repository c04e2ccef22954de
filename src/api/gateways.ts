import { parseAddress, parseCidr } from './address.ts';
import type { Bridge } from './bridge.ts';
import type { Link } from './link.ts';

/** The gateways of a link: at most one a family, and only of families in which it has an address. */
export function gatewaysOf({ spec: { gateway, addresses: own } }: Link, bridge: Bridge): readonly string[] {
  if (gateway === 'None') return [];
  const families = new Set(own.map((address) => parseCidr(address)!.family));
  const given =
    gateway === 'Auto'
      ? bridge.spec.addresses.map((address) => address.slice(0, address.indexOf('/')))
      : gateway;
  return ([4, 6] as const).flatMap((family) =>
    families.has(family) ? (given.find((address) => parseAddress(address)!.family === family) ?? []) : [],
  );
}
