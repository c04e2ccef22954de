import type { MessagePart } from '../rtnetlink/answer.ts';
import { addressText, hexOf } from '../rtnetlink/address-bytes.ts';
import { aligned } from '../rtnetlink/layout.ts';

/* The parts of keys and values, as nf_tables holds them, in nft's syntax. */

interface Atom {
  /** Bytes. */
  readonly size: number;
  /** @throws {RangeError} Where it cannot be said in nft's syntax. */
  text(part: MessagePart): string;
}

/** As in a listing of nft's: what has more than 64 bits is written with all its digits. */
function hexNumber(size: number): Atom {
  return {
    size,
    text({ bytes }) {
      const digits = hexOf(bytes).replace(/^0+(?=.)/, '');
      return `0x${digits.length > 16 ? digits.padStart(32, '0') : digits}`;
    },
  };
}

const ATOMS: Readonly<Record<string, Atom>> = {
  ifname: { size: 16, text: interfaceName },
  classid: { size: 4, text: classid },
  ipv4_addr: { size: 4, text: ({ bytes }) => addressText(bytes) },
  ipv6_addr: { size: 16, text: ({ bytes }) => addressText(bytes) },
  ether_addr: { size: 6, text: ({ bytes }) => hexOf(bytes).match(/../g)!.join(':') },
  inet_proto: { size: 1, text: (part) => String(part.u8()) },
  inet_service: { size: 2, text: ({ bytes }) => String((bytes[0]! << 8) | bytes[1]!) },
  nd_target: hexNumber(16),
  dhcp_hardware: hexNumber(6),
};

/**
 * What stands in our tables may have been put there by somebody else, and is written back to be deleted: a name that could
 * leave its quotes, or one that stands for several, is not read.
 */
function interfaceName(part: MessagePart): string {
  const name = part.text();
  const rest = part.bytes.subarray(name.length);
  if (!/^[A-Za-z0-9_.+@:=,%~-]{1,15}$/.test(name) || rest.some((byte) => byte !== 0))
    throw new RangeError(`Cannot use ${JSON.stringify(name)} as an interface's name`);
  return `"${name}"`;
}

/** In the machine's own byte order, with words of nft's for the first and the last. */
function classid(part: MessagePart): string {
  const value = part.u32();
  if (value === 0) return 'none';
  if (value === 0xffffffff) return 'root';
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

/** Reads parts of these types, each padded to four bytes. @throws {RangeError} Where it has another length. */
export function concatText(data: MessagePart, types: readonly string[]): string {
  const texts: string[] = [];
  let at = 0;
  for (const [index, type] of types.entries()) {
    const { size, text } = ATOMS[type] ?? unknown(type);
    const isLast = index === types.length - 1;
    const end = types.length === 1 ? size : aligned(at + size);
    if (end > data.bytes.length || (isLast && end !== data.bytes.length))
      throw new RangeError(`${data.bytes.length} bytes are no ${types.join(' . ')}`);
    texts.push(text(data.slice(at, at + size)));
    at = end;
  }
  return texts.join(' . ');
}

function unknown(type: string): never {
  throw new RangeError(`The type ${type} is not read here`);
}
