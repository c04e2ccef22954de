import type { Family } from '../api/address.ts';
import { addressText, familyOf } from './address-bytes.ts';
import type { NetlinkMessage } from './answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from './message.ts';

const NEWADDR = 20;
const GETADDR = 22;
const IFA = { address: 1, local: 2 };

export interface AddressInfo {
  readonly index: number;
  readonly family: Family;
  /** With the length of its network's prefix, canonical. */
  readonly address: string;
  /** RT_SCOPE_*. */
  readonly scope: number;
}

export const SCOPE = { global: 0, site: 200, link: 253 } as const;

/** Asks for the addresses of all interfaces, or of one. */
export function addressQuery(device?: string | number): NetlinkRequest {
  const writer = new MessageWriter(GETADDR, FLAGS.dump).u8(0, 0, 0, 0);
  if (typeof device === 'string') writer.blank('interface', device);
  else writer.u32(device ?? 0);
  return writer.finish();
}

/** Reads the addresses of an answer. @throws {RangeError} Where a message is too short. */
export function readAddresses(messages: readonly NetlinkMessage[]): AddressInfo[] {
  return messages.flatMap(({ type, body }) => {
    const family = type === NEWADDR ? familyOf(body.u8(0)) : undefined;
    if (!family) return [];
    const attributes = body.attributes(8);
    const address = attributes.get(IFA.local) ?? attributes.get(IFA.address);
    if (!address) return [];
    const text = `${addressText(address.bytes)}/${body.u8(1)}`;
    return [{ index: body.u32(4), family, address: text, scope: body.u8(3) }];
  });
}
