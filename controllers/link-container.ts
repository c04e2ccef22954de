import { contains, networkOf, parseAddress, parseCidr } from '../src/api/address.ts';
import { gatewaysOf } from '../src/api/gateways.ts';
import { macAddressOf } from '../src/api/naming.ts';
import type { Operation } from '../src/kernel/command.ts';
import type { ObservedInterface } from '../src/kernel/observed.ts';
import { planAddresses } from './addresses.ts';
import type { LinkContext } from './link-context.ts';
import { addressesOfLxc, isGatewayOfLxc, lxcNicOf } from './lxc-differences.ts';
import { ip } from './plan.ts';
import {
  ROUTE_PROTOCOL,
  type WantedRoute,
  defaultMetric,
  routeArguments,
  routeDeletion,
  routeIdentity,
  routeText,
  sameRoute,
} from './route-text.ts';

const MAIN_TABLE = 254;

/** What makes the container's end of a link as its manifest says: MAC, MTU, addresses, up, routes, in this order. */
export function planContainerSide(context: LinkContext, device: ObservedInterface | undefined): Operation[] {
  const { manifest, bridge, place, input } = context;
  const { key, resource } = manifest;
  const name = resource.spec.interface;
  const mac = macAddressOf(resource);
  const mtu = String(resource.spec.mtu ?? bridge.spec.mtu);
  const setting = (field: string, from: string, to: string, args: readonly string[]): Operation => ({
    key,
    stage: 'container',
    verb: 'update',
    object: `interface ${name} in ${key}`,
    field,
    from,
    to,
    commands: [ip(place, 'link', 'set', 'dev', name, ...args)],
  });
  return [
    ...(device && device.mac !== mac ? [setting('macAddress', device.mac, mac, ['address', mac])] : []),
    ...(device && String(device.mtu) !== mtu ? [setting('mtu', String(device.mtu), mtu, ['mtu', mtu])] : []),
    ...planAddresses(
      {
        key,
        place,
        stage: 'container',
        interface: name,
        desired: resource.spec.addresses,
        // An address that comes first is what the container sends from, and not being the Link's it would be dropped.
        overruled: addressesOfLxc(lxcNicOf(context)),
      },
      device,
      input.claims,
    ),
    ...(device?.up ? [] : [setting('state', 'down', 'up', ['up'])]),
    ...planRoutes(context),
  ];
}

function planRoutes(context: LinkContext): Operation[] {
  const { manifest, place, container } = context;
  const { key, resource } = manifest;
  const nic = lxcNicOf(context);
  const wanted = wantedRoutes(context);
  const present = container.view.routes;
  const identities = new Set(wanted.map(routeIdentity));
  // On the link's own interface the manifest wins, also over a gateway that LXC's configuration has set.
  const mine = present.filter(
    (route) =>
      route.interface === resource.spec.interface &&
      (route.protocol === ROUTE_PROTOCOL ||
        (route.protocol !== 'kernel' && identities.has(routeIdentity(route))) ||
        isGatewayOfLxc(route, nic)),
  );
  const stale = mine.filter((route) => !wanted.some((other) => sameRoute(other, route)));
  const missing = wanted.filter((route) => !present.some((other) => sameRoute(route, other)));
  return [
    ...stale.map((route): Operation => ({
      key,
      stage: 'container',
      verb: 'delete',
      object: `route ${routeText(route)} in ${key}`,
      commands: [ip(place, 'route', 'delete', ...routeDeletion(route))],
    })),
    ...missing.map((route): Operation => ({
      key,
      stage: 'container',
      verb: 'create',
      object: `route ${routeText(route)} in ${key}`,
      commands: [
        ip(
          place,
          'route',
          'add',
          ...routeArguments(route, { onlink: isOffLink(route, resource.spec.addresses) }),
        ),
      ],
    })),
  ];
}

function wantedRoutes({ manifest, bridge }: LinkContext): WantedRoute[] {
  const { spec } = manifest.resource;
  const route = (to: string, via: string | undefined): WantedRoute => {
    const family = parseCidr(to)!.family;
    const table = {
      type: 'unicast',
      table: MAIN_TABLE,
      metric: defaultMetric(family),
      interface: spec.interface,
    };
    return { family, to, ...table, ...(via !== undefined && { via }) };
  };
  const gateways = gatewaysOf(manifest.resource, bridge);
  const defaults = gateways.map((via) => route(parseAddress(via)!.family === 4 ? '0.0.0.0/0' : '::/0', via));
  const further = spec.routes.map(({ to, via }) => {
    const network = to === 'default' ? (via?.includes(':') ? '::/0' : '0.0.0.0/0') : to;
    const family = parseCidr(network)!.family;
    return route(network, via ?? gateways.find((gateway) => parseAddress(gateway)!.family === family));
  });
  return [...new Map([...defaults, ...further].map((wanted) => [routeIdentity(wanted), wanted])).values()];
}

/** Whether the next hop is outside the container's own networks, so that the kernel has to be told that it is there. */
function isOffLink({ via }: WantedRoute, addresses: readonly string[]): boolean {
  if (via === undefined) return false;
  return !addresses.some((address) => contains(networkOf(parseCidr(address)!), parseAddress(via)!));
}
