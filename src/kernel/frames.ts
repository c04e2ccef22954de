/* Frames: a length of 32 bits in the order of the network, and so many bytes. */

/** Octets of a frame's length. */
export const LENGTH = 4;
/** Bytes; ten thousand interfaces are a twentieth of it. */
const LARGEST = 256 * 1024 * 1024;

/** Bytes after their number, in so many octets. */
export function sized(octets: 2 | 4, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(octets);
  head.writeUIntBE(bytes.length, 0, octets);
  return Buffer.concat([head, bytes]);
}

/** Puts together what a program prints until a frame is whole. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /**
   * @returns the contents of the frames of which this is the end.
   * @throws {RangeError} Where one says to be longer than any.
   */
  take(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = [];
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= LENGTH) {
      if (this.#chunks[0]!.length < LENGTH) this.#chunks = [Buffer.concat(this.#chunks)];
      const length = this.#chunks[0]!.readUInt32BE();
      if (length > LARGEST) throw new RangeError(`A frame of ${length} bytes`);
      const end = LENGTH + length;
      if (this.#length < end) break;
      const all = Buffer.concat(this.#chunks);
      frames.push(all.subarray(LENGTH, end));
      this.#chunks = [all.subarray(end)];
      this.#length -= end;
    }
    return frames;
  }
}
