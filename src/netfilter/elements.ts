import type { Key } from '../api/key.ts';
import { SETS, SET_NAMES, type SetName, isRateSet, overRate } from './sets.ts';

/** An element of one of lxcnet's sets; `key` and `value` are in nft's syntax, as {@link keyText} writes it. */
export interface Element {
  readonly set: SetName;
  readonly key: string;
  /** Empty for plain sets; the limit where each element has its own. */
  readonly value: string;
  /** The resource on whose behalf it is there; whose counter it is. */
  readonly owner: Key;
}

/** What identifies an element among all. */
export function elementId({ set, key }: Pick<Element, 'set' | 'key'>): string {
  return `${set} ${key}`;
}

/** Elements by set and key; of two with the same key the first stays. */
export type ElementTable = ReadonlyMap<SetName, ReadonlyMap<string, Element>>;

/** Takes elements. */
export interface ElementSink {
  add(owner: Key, set: SetName, key: readonly string[], value?: readonly string[]): void;
}

/** Elements one after the other, as they were added. */
class ElementList implements ElementSink {
  readonly elements: Element[] = [];

  add(owner: Key, set: SetName, key: readonly string[], value: readonly string[] = []): void {
    this.elements.push({ set, key: keyText(set, key), value: valueText(set, value), owner });
  }
}

/** What some work adds. */
export function elementsOf(work: (sink: ElementSink) => void): readonly Element[] {
  const list = new ElementList();
  work(list);
  return list.elements;
}

/** Collects elements by set and key. */
export class ElementCollector implements ElementSink {
  readonly #sets: ReadonlyMap<SetName, Map<string, Element>>;

  /** @param sets Those that there are; elements of others are left out. */
  constructor(sets: readonly SetName[] = SET_NAMES) {
    this.#sets = new Map(sets.map((name) => [name, new Map<string, Element>()]));
  }

  /** Adds an element, unless one with this key is there. @returns the one that is there now. */
  add(owner: Key, set: SetName, key: readonly string[], value: readonly string[] = []): Element {
    const element: Element = { set, key: keyText(set, key), value: valueText(set, value), owner };
    const elements = this.#sets.get(set);
    const present = elements?.get(element.key);
    if (present) return present;
    elements?.set(element.key, element);
    return element;
  }

  /** Adds elements that were made before; those whose key is there already are left out. */
  addAll(elements: readonly Element[]): void {
    for (const element of elements) {
      const members = this.#sets.get(element.set);
      if (members?.has(element.key) === false) members.set(element.key, element);
    }
  }

  table(): ElementTable {
    return this.#sets;
  }
}

/** Wider than what manifests may use, since interfaces that are not ours have names too; a star would be a wildcard. */
const INTERFACE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+@:=,%~-]{0,14}$/;

/** Whether an interface's name can be an element. */
export function isElementName(name: string): boolean {
  return INTERFACE_NAME.test(name);
}

const ATOM_TEXT: Readonly<Record<string, RegExp>> = {
  ifname: INTERFACE_NAME,
  classid: /^[0-9a-f]{1,4}:[0-9a-f]{1,4}$/,
  ipv4_addr: /^[0-9.]{7,15}(\/\d{1,2})?$/,
  ipv6_addr: /^[0-9a-f:.]{2,45}(\/\d{1,3})?$/,
  ether_addr: /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
  inet_proto: /^\d{1,3}(-\d{1,3})?$/,
  inet_service: /^\d{1,5}(-\d{1,5})?$/,
  nd_target: /^0x[0-9a-f]{1,32}$/,
  byte_rate: /^[1-9]\d{0,10}$/,
  dhcp_hardware: /^0x[0-9a-f]{1,12}$/,
};

function render(atoms: readonly string[], types: readonly string[]): string {
  if (atoms.length !== types.length)
    throw new RangeError(`Cannot use ${JSON.stringify(atoms)} as ${types.join(' . ')}`);
  return atoms
    .map((atom, index) => {
      const type = types[index]!;
      if (!ATOM_TEXT[type]!.test(atom)) throw new RangeError(`Cannot use ${JSON.stringify(atom)} as ${type}`);
      return type === 'ifname' ? `"${atom}"` : atom;
    })
    .join(' . ');
}

/**
 * A key in nft's syntax.
 *
 * @throws {RangeError} When an atom is not of its type; a validated manifest or a checked listing has no such value.
 */
export function keyText(set: SetName, atoms: readonly string[]): string {
  return render(atoms, SETS[set].key);
}

/** A map's value in nft's syntax; empty for plain sets. */
function valueText(set: SetName, atoms: readonly string[]): string {
  const text = render(atoms, SETS[set].value ?? []);
  return isRateSet(set) ? overRate(text) : text;
}

/** An element in nft's syntax: what a map has for a key follows a colon, a limit follows the key. */
export function elementText({ set, key, value }: Pick<Element, 'set' | 'key' | 'value'>): string {
  if (value === '') return key;
  return isRateSet(set) ? `${key} ${value}` : `${key} : ${value}`;
}
