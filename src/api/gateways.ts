import { parseAddress } from './address.ts';
import type { Bridge } from './bridge.ts';
import type { Link } from './link.ts';

/** The gateways of a link as its manifest says: at most one a family, also of families in which it has no address. */
export function gatewaysOf({ spec: { gateway } }: Link, bridge: Bridge): readonly string[] {
  if (gateway === 'None') return [];
  if (gateway !== 'Auto') return gateway;
  const addresses = bridge.spec.addresses.map((address) => address.slice(0, address.indexOf('/')));
  return ([4, 6] as const).flatMap(
    (family) => addresses.find((address) => parseAddress(address)!.family === family) ?? [],
  );
}
