/*
 * Messages of rtnetlink(7), as linux/netlink.h has them: a header, a fixed part, and attributes, each padded to four bytes.
 * Numbers are in the machine's own byte order.
 */

/** What is put into a message where it is sent, since it is so only then and there. */
export interface Blank {
  /** Bytes from the message's beginning; a number of 32 bits is written there. */
  readonly offset: number;
  /** The index of the interface of this name, or a descriptor of the namespace at this path. */
  readonly kind: 'interface' | 'namespace';
  readonly value: string;
}

/** A message to the kernel, without its sequence number. */
export interface NetlinkRequest {
  readonly message: Uint8Array;
  readonly blanks: readonly Blank[];
}

export const FLAGS = {
  request: 1,
  ack: 4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

const HEADER = 16;
const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const LARGEST = 4096;

/** Writes one message, part by part. */
export class MessageWriter {
  readonly #view = new DataView(new ArrayBuffer(LARGEST));
  readonly #blanks: Blank[] = [];
  #length = HEADER;

  /** @param flags Besides those that each request has. */
  constructor(type: number, flags: number) {
    this.#view.setUint16(4, type, LITTLE);
    this.#view.setUint16(6, FLAGS.request | FLAGS.ack | flags, LITTLE);
  }

  u8(...values: readonly number[]): this {
    for (const value of values) this.#view.setUint8(this.#length++, value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#length, value, LITTLE);
    this.#length += 2;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#length, value, LITTLE);
    this.#length += 4;
    return this;
  }

  bytes(values: Uint8Array): this {
    new Uint8Array(this.#view.buffer).set(values, this.#length);
    this.#length += values.length;
    return this;
  }

  /** Text in UTF-8, without the zero byte that ends some. */
  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  /** A number of 32 bits that is known where the message is sent. */
  blank(kind: Blank['kind'], value: string): this {
    this.#blanks.push({ offset: this.#length, kind, value });
    return this.u32(0);
  }

  /** An attribute, with what is written meanwhile. */
  attribute(type: number, write: () => void): this {
    const start = this.#length;
    this.u16(0).u16(type);
    write();
    return this.#close(start);
  }

  /** Something that begins with its length, as an attribute does. */
  #close(start: number): this {
    this.#view.setUint16(start, this.#length - start, LITTLE);
    this.#length = aligned(this.#length);
    return this;
  }

  /** A next hop, which has its flags and weight in the place of a type. */
  nextHop(weight: number, device: string | undefined, write: () => void): this {
    const start = this.#length;
    this.u16(0).u8(0, weight - 1);
    if (device === undefined) this.u32(0);
    else this.blank('interface', device);
    write();
    return this.#close(start);
  }

  /** @throws {RangeError} Earlier, where it would be too long. */
  finish(): NetlinkRequest {
    this.#view.setUint32(0, this.#length, LITTLE);
    return { message: new Uint8Array(this.#view.buffer, 0, this.#length), blanks: this.#blanks };
  }
}

/** Where something stands in a message. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** The attributes of a message, by their types; most are never looked at. */
export interface Attributes {
  get(type: number): MessagePart | undefined;
}

/** One message, or one attribute, of an answer. */
export class MessagePart {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** @param bytes Without the header. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws {RangeError} Like the others, where it is too short. */
  u8(offset = 0): number {
    return this.#view.getUint8(offset);
  }

  u16(offset = 0): number {
    return this.#view.getUint16(offset, LITTLE);
  }

  u32(offset = 0): number {
    return this.#view.getUint32(offset, LITTLE);
  }

  i32(offset = 0): number {
    return this.#view.getInt32(offset, LITTLE);
  }

  /** Text up to the first zero byte, or to the end. */
  text(): string {
    const end = this.bytes.indexOf(0);
    return DECODER.decode(end === -1 ? this.bytes : this.bytes.subarray(0, end));
  }

  /** The attributes from there to the end; of several of a type the last. */
  attributes(offset = 0): Attributes {
    const places = new Map<number, Place>();
    for (const place of this.parts(offset, 2)) places.set(this.u16(place.start + 2) & TYPE_MASK, place);
    return {
      get: (type) => {
        const place = places.get(type);
        return place && this.slice(place.start + 4, place.end);
      },
    };
  }

  /** Where things that begin with their length, of so many bytes, stand. @throws {RangeError} Where one cannot be as long as it says. */
  *parts(offset: number, size: 2 | 4): Generator<Place> {
    for (let start = offset; start + 4 <= this.bytes.length;) {
      const length = size === 2 ? this.u16(start) : this.u32(start);
      const end = start + length;
      if (length < 4 || end > this.bytes.length)
        throw new RangeError(`A part of ${length} bytes does not fit into a message of netlink`);
      yield { start, end };
      start = aligned(end);
    }
  }

  slice(start: number, end?: number): MessagePart {
    return new MessagePart(this.bytes.subarray(start, end));
  }
}

const DECODER = new TextDecoder();
/** Two bits of an attribute's type are flags. */
const TYPE_MASK = 0x3fff;

function aligned(length: number): number {
  return (length + 3) & ~3;
}

const INTERRUPTED = 0x10;
const ERROR = 2;
const DONE = 3;

export interface NetlinkMessage {
  readonly type: number;
  /** What follows the header. */
  readonly body: MessagePart;
}

/** What the kernel has sent in answer to one request. */
export interface NetlinkAnswer {
  readonly messages: readonly NetlinkMessage[];
  /** Whether what is listed has changed meanwhile, so that some of it may be missing. */
  readonly interrupted: boolean;
  /** The kernel's own words about what is wrong, where it has any. */
  readonly words?: string;
}

/** Reads an answer. @throws {RangeError} Where it is no sequence of messages. */
export function readAnswer(bytes: Uint8Array): NetlinkAnswer {
  const all = new MessagePart(bytes);
  const messages: NetlinkMessage[] = [];
  let interrupted = false;
  let words: string | undefined;
  for (const { start, end } of all.parts(0, 4)) {
    const [type, flags] = [all.u16(start + 4), all.u16(start + 6)];
    if ((flags & INTERRUPTED) !== 0) interrupted = true;
    const body = all.slice(start + HEADER, end);
    if (type === ERROR || type === DONE) words = wordsOf(type, flags, body) ?? words;
    else messages.push({ type, body });
  }
  return { messages, interrupted, ...(words !== undefined && { words }) };
}

/** The flags of an acknowledgement: the request is not repeated; there are attributes. */
const CAPPED = 0x100;
const HAS_ATTRIBUTES = 0x200;
/** NLMSGERR_ATTR_MSG */
const MESSAGE = 1;

function wordsOf(type: number, flags: number, body: MessagePart): string | undefined {
  if ((flags & HAS_ATTRIBUTES) === 0) return undefined;
  // The error's number comes first, and then the header of the request, or all of it.
  const request = type === DONE ? 0 : (flags & CAPPED) !== 0 ? HEADER : body.u32(4);
  return body
    .attributes(4 + aligned(request))
    .get(MESSAGE)
    ?.text();
}
