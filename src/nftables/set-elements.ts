import type { NamedSet } from '../kernel/observed.ts';
import type { MessagePart, NetlinkMessage, Place } from '../rtnetlink/answer.ts';
import { FLAGS, MessageWriter, type NetlinkRequest } from '../rtnetlink/message.ts';
import { concatText } from './atoms.ts';

/*
 * The elements of one set in the messages of nf_tables, whose numbers are those of linux/netfilter/nf_tables.h: nft takes three
 * times as long to list a thousand, as it starts and reads all that the tables have.
 */

/** NFNL_SUBSYS_NFTABLES */
const SUBSYSTEM = 10 << 8;
const NEWSETELEM = SUBSYSTEM | 12;
const GETSETELEM = SUBSYSTEM | 13;
/** What each message of netfilter begins with: family, version, and a number in 16 bits. */
const NFGENMSG = 4;
const FAMILIES = { inet: 1, bridge: 7 } as const;
const NFTA_LIST = { table: 1, set: 2, elements: 3 };
const NFTA_ELEMENT = { key: 1, data: 2 };
/** Flags, a timeout, the end of a range: nothing that is written here has them. */
const STRANGE = [3, 4, 10];
const NFTA_DATA_VALUE = 1;

/** Asks for all elements of a set of lxcnet's. */
export function elementsQuery({ family, name }: NamedSet): NetlinkRequest {
  const writer = new MessageWriter(GETSETELEM, FLAGS.dump).u8(FAMILIES[family], 0).u16(0);
  for (const [type, text] of [
    [NFTA_LIST.table, 'lxcnet'],
    [NFTA_LIST.set, name],
  ] as const)
    writer.attribute(type, () => writer.text(text).u8(0));
  return writer.finish();
}

/**
 * Reads the elements of an answer: key → value, both in nft's syntax, as a listing of nft's has them.
 *
 * @throws {RangeError} Where an element is none that this set can have; nft may have another word for it.
 */
export function readElements(
  messages: readonly NetlinkMessage[],
  { atoms }: NamedSet,
): ReadonlyMap<string, string> {
  if (!atoms) throw new RangeError('The elements of this set are not read here');
  const elements = new Map<string, string>();
  for (const { type, body } of messages) {
    const list = type === NEWSETELEM ? body.attributes(NFGENMSG).get(NFTA_LIST.elements) : undefined;
    if (!list) continue;
    for (const { start, end } of list.parts(0, 2)) {
      const element = { start: start + 4, end };
      if (STRANGE.some((kind) => list.find(kind, element)))
        throw new RangeError('An element of a kind that is not read here');
      elements.set(
        textOf(list, NFTA_ELEMENT.key, element, atoms.key),
        atoms.value.length === 0 ? '' : textOf(list, NFTA_ELEMENT.data, element, atoms.value),
      );
    }
  }
  return elements;
}

function textOf(list: MessagePart, attribute: number, element: Place, types: readonly string[]): string {
  const data = list.find(attribute, element);
  const value = data && list.find(NFTA_DATA_VALUE, data);
  if (!value) throw new RangeError('An element without a key, or without a value');
  return concatText(list.slice(value.start, value.end), types);
}
