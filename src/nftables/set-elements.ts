import type { NamedSet } from '../kernel/observed.ts';
import type { MessagePart, NetlinkMessage, Place } from '../rtnetlink/answer.ts';
import { FLAGS, type MessageWriter, type NetlinkRequest } from '../rtnetlink/message.ts';
import { concatBytes, concatText } from './atoms.ts';
import { NFGENMSG, TYPES, aboutTable } from './message.ts';

/* The elements of one set: nft takes three times as long to list a thousand, as it starts and reads all that the tables have. */

const NFTA_LIST = { set: 2, elements: 3 };
const NFTA_ELEMENT = { key: 1, data: 2 };
/** Flags, a timeout, the end of a range: nothing that is written here has them. */
const STRANGE = [3, 4, 10];
const NFTA_DATA_VALUE = 1;
/** One may have 120 bytes, and a message 4096. */
const MOST_ELEMENTS = 30;

/** Asks for all elements of a set of lxcnet's. */
export function elementsQuery({ family, name }: NamedSet): NetlinkRequest {
  return aboutTable(TYPES.getSetElement, FLAGS.dump, family, { [NFTA_LIST.set]: name });
}

/**
 * Asks for these elements of a set alone: what this costs does not depend on how many others there are. The kernel tells of each
 * until one is not there.
 *
 * @param keys In nft's syntax.
 * @throws {RangeError} Where one is no key of this set.
 */
export function elementQueries({ family, name, atoms }: NamedSet, keys: readonly string[]): NetlinkRequest[] {
  if (!atoms) throw new RangeError(`The elements of ${name} are not read here`);
  const write = (writer: MessageWriter, some: readonly string[]): unknown =>
    writer.attribute(NFTA_LIST.elements, () => {
      for (const [index, key] of some.entries())
        writer.attribute(index + 1, () =>
          writer.attribute(NFTA_ELEMENT.key, () =>
            writer.attribute(NFTA_DATA_VALUE, () => writer.bytes(concatBytes(key, atoms.key))),
          ),
        );
    });
  return Array.from({ length: Math.ceil(keys.length / MOST_ELEMENTS) }, (_, index) =>
    aboutTable(TYPES.getSetElement, 0, family, { [NFTA_LIST.set]: name }, (writer) =>
      write(writer, keys.slice(index * MOST_ELEMENTS, (index + 1) * MOST_ELEMENTS)),
    ),
  );
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
    const list = type === TYPES.newSetElement ? body.attributes(NFGENMSG).get(NFTA_LIST.elements) : undefined;
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
