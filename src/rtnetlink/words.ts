import { type Address, type Cidr, parseAddress, parseCidr } from '../api/address.ts';

/** The words of a command, one after the other. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get done(): boolean {
    return this.#at === this.#words.length;
  }

  /** The next word. @throws {RangeError} Where there is none. */
  next(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw this.unknown('an end');
    return word;
  }

  /** Whether the next word is this one; then it is passed over. */
  skip(word: string): boolean {
    const found = this.#words[this.#at] === word;
    if (found) this.#at++;
    return found;
  }

  /** @throws {RangeError} Where the next word is another. */
  expect(word: string): void {
    if (!this.skip(word)) throw this.unknown(this.#words[this.#at] ?? 'an end');
  }

  /** @throws {RangeError} Where it is no number of so many bits. */
  number(bits: 8 | 32 = 32): number {
    const word = this.next();
    const value = /^\d{1,10}$/.test(word) ? Number(word) : NaN;
    if (!(value < 2 ** bits)) throw this.unknown(word);
    return value;
  }

  address(): Address {
    const word = this.next();
    const address = parseAddress(word);
    if (!address) throw this.unknown(word);
    return address;
  }

  cidr(): Cidr {
    const word = this.next();
    const cidr = parseCidr(word);
    if (!cidr) throw this.unknown(word);
    return cidr;
  }

  mac(): Uint8Array {
    const word = this.next();
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(word)) throw this.unknown(word);
    return Uint8Array.from(word.split(':'), (octet) => Number(`0x${octet}`));
  }

  /** What is said of a word that does not belong there. */
  unknown(word: string): RangeError {
    return new RangeError(`Cannot read ${JSON.stringify(word)} in the command 'ip ${this.#words.join(' ')}'`);
  }
}
