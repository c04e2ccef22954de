import { type Address, type Family, addressBits, formatAddress } from '../api/address.ts';

/** The number of a family in the kernel: AF_INET and AF_INET6. */
export const AF = { 4: 2, 6: 10 } as const;

/** The family with the kernel's number; `undefined` for any other. */
export function familyOf(number: number): Family | undefined {
  return number === AF[4] ? 4 : number === AF[6] ? 6 : undefined;
}

/** An address in the order of the network. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const octets = addressBits(family) / 8;
  return Uint8Array.from({ length: octets }, (_, index) =>
    Number((value >> BigInt(8 * (octets - 1 - index))) & 0xffn),
  );
}

/** The canonical text of an address of 4 or 16 bytes. @throws {RangeError} For another length. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  if (bytes.length !== 16) throw new RangeError(`An address of ${bytes.length} bytes`);
  return formatAddress({ family: 6, value: BigInt(`0x${hexOf(bytes)}`) });
}

/** Two digits for each byte. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
