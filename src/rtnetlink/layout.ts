/*
 * How messages of rtnetlink(7) are laid out, as linux/netlink.h has it: a header, a fixed part, and attributes, each padded to
 * four bytes. Numbers are in the machine's own byte order.
 */

/** Bytes of a message's header: its length, type, flags, number and sender. */
export const HEADER = 16;
/** Whether this machine begins a number with its lowest byte. */
export const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The next multiple of four. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}
