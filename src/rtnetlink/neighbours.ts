import { addressText, familyOf } from './address-bytes.ts';
import type { MessagePart, NetlinkMessage } from './answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';

const NEWNEIGH = 28;
const DELNEIGH = 29;
const GETNEIGH = 30;
const NDA = { destination: 1, index: 8 };
const PROXY = 8;
/** Entries that somebody has made, which stay: NUD_PERMANENT and NUD_NOARP. */
const MADE = 0x80 | 0x40;

/** An address that a device answers neighbour solicitations for. */
export interface ProxyInfo {
  readonly address: string;
  readonly deviceIndex: number;
}

/** Asks for all neighbour proxies. */
export function proxyQuery(): NetlinkRequest {
  return new MessageWriter(GETNEIGH, FLAGS.dump).u8(0, 0).u16(0).u32(0).u16(0).u8(PROXY, 0).finish();
}

/** Reads the proxies of an answer. @throws {RangeError} Where a message is too short. */
export function readProxies(messages: readonly NetlinkMessage[]): ProxyInfo[] {
  return messages.flatMap(({ type, body }) => {
    const address = type === NEWNEIGH && familyOf(body.u8(0)) && destinationOf(body);
    const isProxy = type === NEWNEIGH && (body.u8(10) & PROXY) !== 0;
    return address && isProxy ? [{ address: addressText(address.bytes), deviceIndex: body.u32(4) }] : [];
  });
}

/** Asks for the neighbours that a device knows. */
export function neighbourQuery(device: string): NetlinkRequest {
  const writer = new MessageWriter(GETNEIGH, FLAGS.dump).u8(0, 0).u16(0).u32(0).u16(0).u8(0, 0);
  writer.attribute(NDA.index, () => writer.blank('interface', device));
  return writer.finish();
}

/** The requests by which the neighbours of an answer are forgotten, but for those that somebody has made. */
export function forgetNeighbours(messages: readonly NetlinkMessage[]): NetlinkRequest[] {
  return messages.flatMap(({ type, body }) => {
    const address = type === NEWNEIGH ? destinationOf(body) : undefined;
    if (!address || (body.u16(8) & MADE) !== 0) return [];
    const writer = new MessageWriter(DELNEIGH, 0).u8(body.u8(0), 0).u16(0).u32(body.u32(4)).u16(0).u8(0, 0);
    return [writer.attribute(NDA.destination, () => writer.bytes(address.bytes)).finish()];
  });
}

function destinationOf(body: MessagePart): MessagePart | undefined {
  return body.attributes(12).get(NDA.destination);
}
