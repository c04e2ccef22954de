import { hexOf } from './address-bytes.ts';
import type { NetlinkMessage } from './answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';

const NEWLINK = 16;
const GETLINK = 18;
const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  info: 18,
  alias: 20,
  extMask: 29,
  linkNetnsId: 37,
};
const INFO = { kind: 1, slaveKind: 4, slaveData: 5 };
const BRPORT_ISOLATED = 33;
const IFF_UP = 1;
const IFF_LOOPBACK = 8;
/** Counters, which are most of what the kernel says of an interface. */
const SKIP_STATISTICS = 8;

/** An interface without its addresses; others are told by their numbers. */
export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly alias: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly loopback: boolean;
  readonly masterIndex?: number;
  readonly isolated: boolean;
  readonly peerIndex?: number;
  readonly peerNamespaceId?: number;
}

/** Asks for all interfaces, or for one by its name or its number. */
export function linkQuery(which?: string | number): NetlinkRequest {
  const writer = new MessageWriter(GETLINK, which === undefined ? FLAGS.dump : 0);
  writer
    .u8(0, 0)
    .u16(0)
    .u32(typeof which === 'number' ? which : 0)
    .u32(0)
    .u32(0);
  if (typeof which === 'string') writer.attribute(IFLA.name, () => writer.text(which).u8(0));
  writer.attribute(IFLA.extMask, () => writer.u32(SKIP_STATISTICS));
  return writer.finish();
}

/** Reads the interfaces of an answer. @throws {RangeError} Where a message is too short. */
export function readLinks(messages: readonly NetlinkMessage[]): LinkInfo[] {
  return messages.filter(({ type }) => type === NEWLINK).map(readLink);
}

function readLink({ body }: NetlinkMessage): LinkInfo {
  const attributes = body.attributes(16);
  const info = attributes.get(IFLA.info)?.attributes();
  const flags = body.u32(8);
  const masterIndex = attributes.get(IFLA.master)?.u32();
  // The number of an interface in another namespace means nothing without that one's.
  const peerNamespaceId = attributes.get(IFLA.linkNetnsId)?.i32();
  const peerIndex = peerNamespaceId === undefined ? undefined : attributes.get(IFLA.link)?.u32();
  return {
    index: body.i32(4),
    name: attributes.get(IFLA.name)?.text() ?? '',
    kind: info?.get(INFO.kind)?.text() ?? '',
    alias: attributes.get(IFLA.alias)?.text() ?? '',
    mac: hexOf(attributes.get(IFLA.address)?.bytes ?? new Uint8Array()).replace(/..(?=.)/g, '$&:'),
    mtu: attributes.get(IFLA.mtu)?.u32() ?? 0,
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    ...(masterIndex !== undefined && { masterIndex }),
    isolated:
      info?.get(INFO.slaveKind)?.text() === 'bridge' &&
      info.get(INFO.slaveData)?.attributes().get(BRPORT_ISOLATED)?.u8() === 1,
    ...(peerIndex !== undefined && { peerIndex }),
    ...(peerNamespaceId !== undefined && { peerNamespaceId }),
  };
}
