import { MessageWriter, type NetlinkRequest } from '../rtnetlink/message.ts';

/* What all messages about lxcnet's own tables have in common. The numbers are those of linux/netfilter/nf_tables.h. */

export type Family = 'inet' | 'bridge';

/** NFNL_SUBSYS_NFTABLES */
const SUBSYSTEM = 10 << 8;
export const TYPES = {
  getTable: SUBSYSTEM | 1,
  getChain: SUBSYSTEM | 4,
  newRule: SUBSYSTEM | 6,
  getRule: SUBSYSTEM | 7,
  newSetElement: SUBSYSTEM | 12,
  getSetElement: SUBSYSTEM | 13,
} as const;

/** Bytes that each message of netfilter begins with: family, version, and a number in 16 bits. */
export const NFGENMSG = 4;
const FAMILIES: Readonly<Record<Family, number>> = { inet: 1, bridge: 7 };

/** The attribute that says which table; it is the first in all of these messages. */
const TABLE = 1;
const OURS = 'lxcnet';

/**
 * A message about one of lxcnet's tables.
 *
 * @param names Further names, by the number of their attribute.
 * @param write Writes what else there is to say.
 */
export function aboutTable(
  type: number,
  flags: number,
  family: Family,
  names: Readonly<Record<number, string>> = {},
  write: (writer: MessageWriter) => void = () => undefined,
): NetlinkRequest {
  const writer = new MessageWriter(type, flags).u8(FAMILIES[family], 0).u16(0);
  const name = (attribute: number, text: string): unknown =>
    writer.attribute(attribute, () => writer.text(text).u8(0));
  name(TABLE, OURS);
  for (const [attribute, text] of Object.entries(names)) name(Number(attribute), text);
  write(writer);
  return writer.finish();
}
