import { parseAddress } from '../api/address.ts';
import type { MessagePart } from '../rtnetlink/answer.ts';
import { addressBytes, addressText, hexOf } from '../rtnetlink/address-bytes.ts';
import { LITTLE, aligned } from '../rtnetlink/layout.ts';

/* The parts of keys and values, as nf_tables holds them, in nft's syntax. */

interface Atom {
  /** Bytes. */
  readonly size: number;
  /** @throws {RangeError} Where it cannot be said in nft's syntax. */
  text(part: MessagePart): string;
  /** The other way round; `undefined`, or bytes of another length, where it is no text of this kind. */
  bytes(text: string): Uint8Array | undefined;
}

function bytesOfHex(digits: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{2})+$/.test(digits)
    ? Uint8Array.from(digits.match(/../g)!, (byte) => Number.parseInt(byte, 16))
    : undefined;
}

function bytesOfAddress(text: string): Uint8Array | undefined {
  const address = parseAddress(text);
  return address && addressBytes(address);
}

/** A decimal number, in the order of the network. */
function number(size: 1 | 2): Atom {
  return {
    size,
    text: ({ bytes }) => String(bytes.reduce((sum, byte) => sum * 256 + byte, 0)),
    bytes: (text) =>
      /^\d{1,5}$/.test(text)
        ? bytesOfHex(
            Number(text)
              .toString(16)
              .padStart(2 * size, '0'),
          )
        : undefined,
  };
}

/** As in a listing of nft's: what has more than 64 bits is written with all its digits. */
function hexNumber(size: number): Atom {
  return {
    size,
    text({ bytes }) {
      const digits = hexOf(bytes).replace(/^0+(?=.)/, '');
      return `0x${digits.length > 16 ? digits.padStart(32, '0') : digits}`;
    },
    bytes: (text) => (text.startsWith('0x') ? bytesOfHex(text.slice(2).padStart(2 * size, '0')) : undefined),
  };
}

const ATOMS: Readonly<Record<string, Atom>> = {
  ifname: { size: 16, text: interfaceName, bytes: bytesOfInterfaceName },
  classid: { size: 4, text: classid, bytes: bytesOfClassid },
  ipv4_addr: { size: 4, text: ({ bytes }) => addressText(bytes), bytes: bytesOfAddress },
  ipv6_addr: { size: 16, text: ({ bytes }) => addressText(bytes), bytes: bytesOfAddress },
  ether_addr: {
    size: 6,
    text: ({ bytes }) => hexOf(bytes).match(/../g)!.join(':'),
    bytes: (text) => bytesOfHex(text.replaceAll(':', '')),
  },
  inet_proto: number(1),
  inet_service: number(2),
  nd_target: hexNumber(16),
  dhcp_hardware: hexNumber(6),
};

const INTERFACE_NAME = /^[A-Za-z0-9_.+@:=,%~-]{1,15}$/;

/**
 * What stands in our tables may have been put there by somebody else, and is written back to be deleted: a name that could
 * leave its quotes, or one that stands for several, is not read.
 */
function interfaceName(part: MessagePart): string {
  const name = part.text();
  const rest = part.bytes.subarray(name.length);
  if (!INTERFACE_NAME.test(name) || rest.some((byte) => byte !== 0))
    throw new RangeError(`Cannot use ${JSON.stringify(name)} as an interface's name`);
  return `"${name}"`;
}

function bytesOfInterfaceName(text: string): Uint8Array | undefined {
  const name = text.slice(1, -1);
  return text === `"${name}"` && INTERFACE_NAME.test(name)
    ? Buffer.alloc(16).fill(name, 0, name.length)
    : undefined;
}

/** In the machine's own byte order, with words of nft's for the first and the last. */
function classid(part: MessagePart): string {
  const value = part.u32();
  if (value === 0) return 'none';
  if (value === 0xffffffff) return 'root';
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function bytesOfClassid(text: string): Uint8Array | undefined {
  const known = new Map([
    ['none', 0],
    ['root', 0xffffffff],
  ]).get(text);
  const parts = /^(?<major>[0-9a-f]{1,4}):(?<minor>[0-9a-f]{1,4})$/.exec(text)?.groups;
  const value = parts ? Number.parseInt(parts.major! + parts.minor!.padStart(4, '0'), 16) : known;
  if (value === undefined) return undefined;
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, LITTLE);
  return new Uint8Array(view.buffer);
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

/** The other way round: the bytes of a text. @throws {RangeError} Where it is none of these types. */
export function concatBytes(text: string, types: readonly string[]): Uint8Array {
  const texts = text.split(' . ');
  const parts = types.map((type, index) => {
    const { size, bytes } = ATOMS[type] ?? unknown(type);
    const part = bytes(texts[index] ?? '');
    if (part?.length !== size || texts.length !== types.length)
      throw new RangeError(`${JSON.stringify(text)} is no ${types.join(' . ')}`);
    return types.length === 1 ? part : Buffer.concat([part], aligned(size));
  });
  return Buffer.concat(parts);
}

function unknown(type: string): never {
  throw new RangeError(`The type ${type} is not read here`);
}
