import type { Address, Family } from '../api/address.ts';
import { AF, addressBytes } from './address-bytes.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';
import { ROUTE_TYPES, RTA, RTAX_MTU, protocolNumber } from './route-names.ts';
import type { Words } from './words.ts';

const NEWROUTE = 24;
const DELROUTE = 25;
const SCOPE = { universe: 0, link: 253, host: 254, nowhere: 255 } as const;
const ONLINK = 4;
const LOCAL_TYPE = 2;
/** The kinds of a route whose destination is there without another machine. */
const LINK_TYPES: readonly number[] = [3, 4, 5];
const UNICAST = 1;

interface Hop {
  readonly via?: Address;
  readonly device?: string;
  readonly weight: number;
}

/** What the words say; what is absent is the kernel's choice, or for `delete` anything. */
interface WantedRoute extends Hop {
  readonly onlink: boolean;
  readonly table: number;
  readonly protocol?: number;
  readonly metric?: number;
  readonly source?: Address;
  readonly mtu?: number;
  readonly hops: readonly Hop[];
}

const VERBS: Readonly<Record<string, readonly [number, number]>> = {
  add: [NEWROUTE, FLAGS.create | FLAGS.exclusive],
  replace: [NEWROUTE, FLAGS.create | FLAGS.replace],
  delete: [DELROUTE, 0],
};

/** `route add|replace|delete [TYPE] NETWORK …`. */
export function routeRequest(words: Words): NetlinkRequest {
  const verb = words.next();
  const found = VERBS[verb];
  if (!found) throw words.unknown(verb);
  const named = [...ROUTE_TYPES].find(([, name]) => words.skip(name))?.[0];
  const to = words.cidr();
  const route = readRoute(words);
  const isRemoval = verb === 'delete';
  const type = named ?? (isRemoval ? 0 : UNICAST);
  const writer = new MessageWriter(...found);
  const scope = isRemoval ? SCOPE.nowhere : scopeOf(type, to.family, route);
  writer.u8(
    AF[to.family],
    to.prefix,
    0,
    0,
    route.table < 256 ? route.table : 0,
    route.protocol ?? 0,
    scope,
    type,
  );
  writer.u32(route.onlink ? ONLINK : 0);
  writer.attribute(RTA.destination, () => writer.bytes(addressBytes(to)));
  write(writer, to.family, route);
  return writer.finish();
}

function readRoute(words: Words): WantedRoute {
  let route: WantedRoute = { ...readHop(words), onlink: false, table: 0, hops: [] };
  while (!words.done) {
    if (words.skip('nexthop')) route = { ...route, hops: [...route.hops, readHop(words)] };
    else if (words.skip('onlink')) route = { ...route, onlink: true };
    else if (words.skip('src')) route = { ...route, source: words.address() };
    else if (words.skip('metric')) route = { ...route, metric: words.number() };
    else if (words.skip('table')) route = { ...route, table: words.number() };
    else if (words.skip('mtu')) route = { ...route, mtu: words.number() };
    else if (words.skip('proto')) {
      const word = words.next();
      const protocol = protocolNumber(word);
      if (protocol === undefined) throw words.unknown(word);
      route = { ...route, protocol };
    } else throw words.unknown(words.next());
  }
  return route;
}

function readHop(words: Words): Hop {
  const via = words.skip('via') ? words.address() : undefined;
  const device = words.skip('dev') ? words.next() : undefined;
  const weight = words.skip('weight') ? words.number(8) : 1;
  return { ...(via && { via }), ...(device !== undefined && { device }), weight };
}

/** How far away the destination is, as `ip` has it where nothing is said; IPv6 does not care. */
function scopeOf(type: number, family: Family, { via, hops }: WantedRoute): number {
  if (family === 6) return SCOPE.universe;
  if (type === LOCAL_TYPE) return SCOPE.host;
  const isDirect = LINK_TYPES.includes(type) || (type === UNICAST && !via && hops.length === 0);
  return isDirect ? SCOPE.link : SCOPE.universe;
}

function write(writer: MessageWriter, family: Family, route: WantedRoute): void {
  const { device, via, source, metric, mtu, hops, table } = route;
  if (via) gateway(writer, family, via);
  if (device !== undefined) writer.attribute(RTA.device, () => writer.blank('interface', device));
  if (source) writer.attribute(RTA.source, () => writer.bytes(addressBytes(source)));
  if (metric !== undefined) writer.attribute(RTA.priority, () => writer.u32(metric));
  if (table >= 256) writer.attribute(RTA.table, () => writer.u32(table));
  if (mtu !== undefined)
    writer.attribute(RTA.metrics, () => writer.attribute(RTAX_MTU, () => writer.u32(mtu)));
  if (hops.length > 0)
    writer.attribute(RTA.multipath, () => {
      for (const hop of hops)
        writer.nextHop(hop.weight, hop.device, () => hop.via && gateway(writer, family, hop.via));
    });
}

/** A next hop of the other family has an attribute of its own. */
function gateway(writer: MessageWriter, family: Family, via: Address): void {
  if (via.family === family) writer.attribute(RTA.gateway, () => writer.bytes(addressBytes(via)));
  else writer.attribute(RTA.via, () => writer.u16(AF[via.family]).bytes(addressBytes(via)));
}
