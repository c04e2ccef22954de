import { HEADER, LITTLE, aligned } from './layout.ts';

/** Where something stands in a message. */
export interface Place {
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

  /**
   * The content of the first attribute of a type in a place; without anything being made for those that are not wanted, since there
   * may be thousands. @throws {RangeError} Where one cannot be as long as it says.
   */
  find(type: number, { start, end }: Place): Place | undefined {
    for (let at = start; at + 4 <= end;) {
      const length = this.u16(at);
      if (length < 4 || at + length > end) throw tooLong(length);
      if ((this.u16(at + 2) & TYPE_MASK) === type) return { start: at + 4, end: at + length };
      at = aligned(at + length);
    }
    return undefined;
  }

  /** Where things that begin with their length, of so many bytes, stand. @throws {RangeError} Where one cannot be as long as it says. */
  *parts(offset: number, size: 2 | 4): Generator<Place> {
    for (let start = offset; start + 4 <= this.bytes.length;) {
      const length = size === 2 ? this.u16(start) : this.u32(start);
      const end = start + length;
      if (length < 4 || end > this.bytes.length) throw tooLong(length);
      yield { start, end };
      start = aligned(end);
    }
  }

  slice(start: number, end?: number): MessagePart {
    return new MessagePart(this.bytes.subarray(start, end));
  }
}

function tooLong(length: number): RangeError {
  return new RangeError(`A part of ${length} bytes does not fit into a message of netlink`);
}

const DECODER = new TextDecoder();
/** Two bits of an attribute's type are flags. */
const TYPE_MASK = 0x3fff;

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

/** Why a request came to nothing. */
export interface Refusal {
  /** The error's number as the system has it; absent where it was not the kernel that refused. */
  readonly errno?: number;
  /** The kernel's own words, or the system's for the number. */
  readonly words: string;
}

/** What became of one request. */
export interface NetlinkReply {
  readonly refusal?: Refusal;
  readonly answer: NetlinkAnswer;
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
