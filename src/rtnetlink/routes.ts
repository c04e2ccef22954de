import type { Family } from '../api/address.ts';
import { AF, addressText, familyOf } from './address-bytes.ts';
import type { Attributes, MessagePart, NetlinkMessage } from './answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';
import { ROUTE_TYPES, RTA, RTAX_MTU, protocolName } from './route-names.ts';

const NEWROUTE = 24;
const GETROUTE = 26;
/** A copy that the kernel has made for one destination. */
const CLONED = 0x200;
const LOCAL_TABLE = 255;
const KERNEL = 2;

export interface NextHopInfo {
  readonly via?: string;
  readonly deviceIndex?: number;
  readonly weight: number;
}

/** A route; interfaces are told by their numbers. */
export interface RouteInfo {
  readonly family: Family;
  readonly to: string;
  readonly type: string;
  readonly table: number;
  readonly metric: number;
  readonly protocol: string;
  readonly via?: string;
  readonly deviceIndex?: number;
  readonly source?: string;
  readonly mtu?: number;
  readonly nextHops?: readonly NextHopInfo[];
}

/** Asks for the routes of all tables of a family. */
export function routeQuery(family: Family): NetlinkRequest {
  return new MessageWriter(GETROUTE, FLAGS.dump).u8(AF[family], 0, 0, 0, 0, 0, 0, 0).u32(0).finish();
}

/** Reads the routes of this family in an answer: without IPv6 the kernel answers a question about it with others. */
export function readRoutes(messages: readonly NetlinkMessage[], family: Family): RouteInfo[] {
  return messages.flatMap(({ type, body }) =>
    type === NEWROUTE && familyOf(body.u8(0)) === family && (body.u32(8) & CLONED) === 0
      ? readRoute(body, family)
      : [],
  );
}

function readRoute(body: MessagePart, family: Family): RouteInfo[] {
  const attributes = body.attributes(12);
  const table = attributes.get(RTA.table)?.u32() ?? body.u8(4);
  const protocol = body.u8(5);
  // What the kernel keeps for itself in its table of local addresses: with a thousand ports as many routes.
  if (table === LOCAL_TABLE && protocol === KERNEL) return [];
  const prefix = body.u8(1);
  const destination = attributes.get(RTA.destination);
  const network = destination ? addressText(destination.bytes) : family === 4 ? '0.0.0.0' : '::';
  const type = ROUTE_TYPES.get(body.u8(7)) ?? String(body.u8(7));
  const via = gatewayOf(attributes);
  const deviceIndex = attributes.get(RTA.device)?.u32();
  const source = attributes.get(RTA.source);
  const mtu = attributes.get(RTA.metrics)?.attributes().get(RTAX_MTU)?.u32();
  const multipath = attributes.get(RTA.multipath);
  return [
    {
      family,
      to: `${network}/${prefix}`,
      type,
      table,
      metric: attributes.get(RTA.priority)?.u32() ?? 0,
      protocol: protocolName(protocol),
      ...(via !== undefined && { via }),
      // The kernel files an IPv6 route without a device under lo.
      ...(deviceIndex !== undefined && type === 'unicast' && { deviceIndex }),
      ...(source && { source: addressText(source.bytes) }),
      ...(mtu !== undefined && { mtu }),
      ...(multipath && { nextHops: readNextHops(multipath) }),
    },
  ];
}

/** A next hop of the route's family, or with its family of another. */
function gatewayOf(attributes: Attributes): string | undefined {
  const gateway = attributes.get(RTA.gateway) ?? attributes.get(RTA.via)?.slice(2);
  return gateway && addressText(gateway.bytes);
}

/** struct rtnexthop: its length, flags, its weight less one, an interface, attributes. */
function readNextHops(multipath: MessagePart): NextHopInfo[] {
  return [...multipath.parts(0, 2)].map(({ start, end }) => {
    const hop = multipath.slice(start, end);
    const via = gatewayOf(hop.attributes(8));
    const deviceIndex = hop.u32(4);
    return {
      ...(via !== undefined && { via }),
      ...(deviceIndex !== 0 && { deviceIndex }),
      weight: hop.u8(3) + 1,
    };
  });
}
