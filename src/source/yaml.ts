import {
  CORE_SCHEMA,
  type Event,
  EVENT_ID,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
  constructFromEvents,
  dump,
  getScalarValue,
  mapTag,
  parseEvents,
} from 'js-yaml';

const MOST_DOCUMENTS = 1000;
const MOST_ALIASES = 100;
const DEEPEST = 100;
/** Nodes of one document, what aliases stand for counted each time. */
const MOST_NODES = 100_000;

/** A place in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type FieldPath = readonly (string | number)[];

/** A key that is YAML, and yet not accepted: it is given twice, or is no string. */
export interface KeyProblem extends Position {
  readonly path: FieldPath;
  readonly message: string;
}

/** One document: its value, and where its parts stand. */
export interface YamlDocument {
  /** A tree of mappings, lists and scalars; aliases may make it share parts, but never contain itself. */
  readonly value: unknown;
  readonly problems: readonly KeyProblem[];
  /** Where the value at a path stands, or else the nearest thing around it. */
  valueAt(path: FieldPath): Position;
  /** Where the key that ends a path stands, or else the nearest thing around it. */
  keyAt(path: FieldPath): Position;
}

/** A text that is not YAML, or goes beyond what is accepted. */
export interface YamlError extends Position {
  readonly message: string;
}

interface Node {
  readonly offset: number;
  readonly children: Map<string | number, { readonly keyOffset: number; readonly node: Node }>;
  size: number;
  /** Whether all of it was read; where not, an alias for it would make it contain itself. */
  complete: boolean;
}

/** A key that means something else to JavaScript, so that what reads a mapping may pass over it. */
const PROTOTYPE = '__proto__';

/** Leaves out keys that are not accepted, and takes the last of several; both are told as problems. */
const SCHEMA = CORE_SCHEMA.withTags({
  ...mapTag,
  addPair: (carrier: Record<string, unknown>, key: unknown, value: unknown) =>
    typeof key === 'string' && key !== PROTOTYPE ? mapTag.addPair(carrier, key, value) : '',
});

/**
 * Reads every document of a text; empty ones are left out. A document with an error (an alias for nothing) does not keep
 * the others from being read; a text that is not YAML has none.
 */
export function parseYaml(text: string): { documents: YamlDocument[]; errors: YamlError[] } {
  const lines = lineStarts(text);
  try {
    const documents: YamlDocument[] = [];
    const errors: YamlError[] = [];
    const slices = documentSlices(parseEvents(text, { maxDepth: DEEPEST }));
    if (slices.length > MOST_DOCUMENTS) {
      const message = `Too many: ${slices.length}: must have at most ${MOST_DOCUMENTS} documents`;
      return { documents, errors: [{ line: 1, column: 1, message }] };
    }
    for (const events of slices) {
      try {
        const document = readDocument(events, text, lines);
        if (document) documents.push(document);
      } catch (error) {
        errors.push(errorOf(error, lines));
      }
    }
    return { documents, errors };
  } catch (error) {
    return { documents: [], errors: [errorOf(error, lines)] };
  }
}

/** A value as YAML text. */
export function dumpYaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 });
}

function documentSlices(events: readonly Event[]): Event[][] {
  const slices: Event[][] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) slices.push([]);
    slices.at(-1)?.push(event);
  }
  return slices;
}

function readDocument(events: Event[], source: string, lines: readonly number[]): YamlDocument | undefined {
  const reader = new TreeReader(events, source);
  const root = reader.read();
  const [value] = constructFromEvents(events, { source, schema: SCHEMA, json: true });
  if (value === null || value === undefined) return undefined;
  return {
    value,
    problems: reader.problems.map(({ offset, ...problem }) => ({ ...problem, ...positionOf(offset, lines) })),
    valueAt: (path) => positionOf(find(root, path).valueOffset, lines),
    keyAt: (path) => positionOf(find(root, path).keyOffset, lines),
  };
}

class DocumentError extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Builds the tree of places that belongs to a document's events. */
class TreeReader {
  readonly problems: { readonly offset: number; readonly path: FieldPath; readonly message: string }[] = [];
  readonly #events: readonly Event[];
  readonly #source: string;
  readonly #anchors = new Map<string, Node>();
  readonly #path: (string | number)[] = [];
  #index = 1;
  #aliases = 0;

  constructor(events: readonly Event[], source: string) {
    this.#events = events;
    this.#source = source;
  }

  /** @throws {DocumentError} Where the document goes beyond the limits. */
  read(): Node {
    const event = this.#events[this.#index++];
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(event, node(this.#scalarOffset(event), true));
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      case EVENT_ID.SEQUENCE: {
        const list = this.#anchored(event, node(event.start));
        for (let position = 0; !this.#atEnd(); position++) this.#attach(list, position);
        list.complete = true;
        return list;
      }
      case EVENT_ID.MAPPING: {
        const mapping = this.#anchored(event, node(event.start));
        while (!this.#atEnd()) this.#attachPair(mapping);
        mapping.complete = true;
        return mapping;
      }
      default:
        return node(0, true);
    }
  }

  #attachPair(mapping: Node): void {
    const event = this.#events[this.#index];
    const { offset: own } = this.read();
    const offset = own < 0 ? mapping.offset : own;
    if (event?.type !== EVENT_ID.SCALAR) {
      this.#complain(offset, this.#path, 'Forbidden: keys must be strings');
      this.#attach(mapping, `?${offset}`, offset);
      return;
    }
    const name = getScalarValue(this.#source, event);
    const path = [...this.#path, name];
    if (event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0 && isOtherScalar(name)) {
      this.#complain(offset, path, `Forbidden: keys must be strings: write '${name}' in quotes`);
    }
    if (name === PROTOTYPE) this.#complain(offset, path, 'Forbidden: the key may not be used');
    if (mapping.children.has(name)) this.#complain(offset, path, 'Duplicate value: the key is given twice');
    this.#attach(mapping, name, offset);
  }

  #attach(parent: Node, name: string | number, keyOffset?: number): void {
    this.#path.push(name);
    const child = this.read();
    this.#path.pop();
    parent.children.set(name, { keyOffset: keyOffset ?? child.offset, node: child });
    parent.size += child.size;
    if (parent.size > MOST_NODES) {
      const most = MOST_NODES.toLocaleString('en');
      throw new DocumentError(parent.offset, `Too many: must have at most ${most} values, aliases expanded`);
    }
  }

  #complain(offset: number, path: FieldPath, message: string): void {
    this.problems.push({ offset, path: [...path], message });
  }

  #atEnd(): boolean {
    const event = this.#events[this.#index];
    if (event && event.type !== EVENT_ID.POP) return false;
    this.#index++;
    return true;
  }

  #scalarOffset({ style, valueStart }: ScalarEvent): number {
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1;
    let offset = valueStart;
    while (this.#source[offset] === ' ') offset++;
    return offset;
  }

  #anchored({ anchorStart, anchorEnd }: { anchorStart: number; anchorEnd: number }, anchored: Node): Node {
    if (anchorStart >= 0) this.#anchors.set(this.#source.slice(anchorStart, anchorEnd), anchored);
    return anchored;
  }

  /** What an alias stands for is where the alias is, as far as the reader is concerned. */
  #alias(start: number, end: number): Node {
    if (++this.#aliases > MOST_ALIASES) {
      throw new DocumentError(start - 1, `Too many: must have at most ${MOST_ALIASES} aliases`);
    }
    const target = this.#anchors.get(this.#source.slice(start, end));
    if (target?.complete === false) {
      throw new DocumentError(start - 1, 'Forbidden: an alias must not stand for what contains it');
    }
    return { ...(target ?? node(0, true)), offset: start - 1 };
  }
}

/** Whether a plain scalar is null, a boolean or a number. */
function isOtherScalar(text: string): boolean {
  return (
    /^(?:~?|null|Null|NULL|true|True|TRUE|false|False|FALSE)$/.test(text) ||
    /^[-+]?(?:\d+|0o[0-7]+|0x[\da-fA-F]+|(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(
      text,
    )
  );
}

function node(offset: number, complete = false): Node {
  return { offset, children: new Map(), size: 1, complete };
}

function find(root: Node, path: FieldPath): { valueOffset: number; keyOffset: number } {
  let found = root;
  let keyOffset = root.offset;
  for (const name of path) {
    const child = found.children.get(name);
    if (!child) return { valueOffset: keyOffset, keyOffset };
    found = child.node;
    keyOffset = child.keyOffset;
  }
  return { valueOffset: found.offset < 0 ? keyOffset : found.offset, keyOffset };
}

function lineStarts(text: string): number[] {
  return [0, ...Array.from(text.matchAll(/\r\n?|\n/g), (lineBreak) => lineBreak.index + lineBreak[0].length)];
}

function positionOf(offset: number, lines: readonly number[]): Position {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: Math.max(0, offset) - lines[low]! + 1 };
}

/** Where the parser's own words would not help whoever has to mend the file. */
const REASONS: Readonly<Record<string, string>> = {
  'bad indentation of a mapping entry':
    "bad indentation, or a text with ': ' or a special character such as '@' that is not in quotes",
  'deficient indentation': "deficient indentation, or a quotation mark, '{' or '[' that is not closed",
  'end of the stream or a document separator is expected':
    "unexpected text: the document ends before it, or a line '---' is missing",
};

function errorOf(error: unknown, lines: readonly number[]): YamlError {
  if (error instanceof DocumentError) return { ...positionOf(error.offset, lines), message: error.message };
  if (!(error instanceof YAMLException)) return { line: 1, column: 1, message: 'cannot be read as YAML' };
  const { line = 0, column = 0 } = error.mark ?? {};
  const message = error.reason.startsWith('nesting exceeded')
    ? `must not be nested more than ${DEEPEST} levels deep`
    : (REASONS[error.reason] ?? error.reason);
  return { line: line + 1, column: column + 1, message };
}
