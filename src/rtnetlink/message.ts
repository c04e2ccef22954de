import { HEADER, LITTLE, aligned } from './layout.ts';

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

/** Whether a message is one of netfilter's: these have the number of a subsystem in the upper half of their type. */
export function isForNetfilter({ message }: NetlinkRequest): boolean {
  return new DataView(message.buffer, message.byteOffset).getUint16(4, LITTLE) >> 8 !== 0;
}

export const FLAGS = {
  request: 1,
  ack: 4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

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
