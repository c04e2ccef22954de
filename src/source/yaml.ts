import {
  type Event,
  EVENT_ID,
  YAMLException,
  constructFromEvents,
  dump,
  getScalarValue,
  parseEvents,
} from 'js-yaml';

const MOST_DOCUMENTS = 1000;
const MOST_ALIASES = 100;
/** Nodes of one document, what aliases stand for counted each time. */
const MOST_NODES = 100_000;

/** A place in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type FieldPath = readonly (string | number)[];

/** One document: its value, and where its parts stand. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at a path stands, or else the nearest thing around it. */
  valueAt(path: FieldPath): Position;
  /** Where the key that ends a path stands, or else the nearest thing around it. */
  keyAt(path: FieldPath): Position;
}

/** A text that is not YAML, or goes beyond what is accepted; `message` is one line. */
export interface YamlError extends Position {
  readonly message: string;
}

interface Node {
  readonly offset: number;
  readonly children: Map<string | number, { readonly keyOffset: number; readonly node: Node }>;
  readonly isScalar: boolean;
  size: number;
}

/**
 * Reads every document of a text; empty ones are left out. A document with an error (a duplicate key) does not keep the
 * others from being read; a text that is not YAML has none.
 */
export function parseYaml(text: string): { documents: YamlDocument[]; errors: YamlError[] } {
  const lines = lineStarts(text);
  try {
    const documents: YamlDocument[] = [];
    const errors: YamlError[] = [];
    const slices = documentSlices(parseEvents(text, { maxDepth: 100 }));
    if (slices.length > MOST_DOCUMENTS) {
      return {
        documents,
        errors: [{ line: 1, column: 1, message: `must have no more than ${MOST_DOCUMENTS} documents` }],
      };
    }
    for (const events of slices) {
      try {
        const document = readDocument(events, text, lines);
        if (document) documents.push(document);
      } catch (error) {
        errors.push(errorOf(error, lines, startOf(events)));
      }
    }
    return { documents, errors };
  } catch (error) {
    return { documents: [], errors: [errorOf(error, lines, 0)] };
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
  const root = new TreeReader(events, source).read();
  if (root.size > MOST_NODES) {
    throw new Unacceptable(
      root.offset,
      `must have no more than ${MOST_NODES.toLocaleString('en')} values, aliases expanded`,
    );
  }
  const [value] = constructFromEvents(events, { source, maxAliases: MOST_ALIASES });
  if (value === null || value === undefined) return undefined;
  return {
    value,
    valueAt: (path) => positionOf(find(root, path).valueOffset, lines),
    keyAt: (path) => positionOf(find(root, path).keyOffset, lines),
  };
}

/** Where a document's first node begins. */
function startOf([, first]: readonly Event[]): number {
  if (first?.type === EVENT_ID.SCALAR) return Math.max(0, first.valueStart);
  const isCollection = first?.type === EVENT_ID.MAPPING || first?.type === EVENT_ID.SEQUENCE;
  return isCollection ? Math.max(0, first.start) : 0;
}

class Unacceptable extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Builds the tree of places that belongs to a document's events. */
class TreeReader {
  readonly #events: readonly Event[];
  readonly #source: string;
  readonly #anchors = new Map<string, Node>();
  /** The collections around the next event. */
  readonly #open = new Set<Node>();
  #index = 1;

  constructor(events: readonly Event[], source: string) {
    this.#events = events;
    this.#source = source;
  }

  read(): Node {
    const event = this.#events[this.#index++];
    if (!event) return leaf(0);
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(
          event,
          leaf(event.valueStart - (event.style === 2 || event.style === 3 ? 1 : 0), true),
        );
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      case EVENT_ID.SEQUENCE: {
        const node = this.#anchored(event, leaf(event.start));
        this.#open.add(node);
        for (let position = 0; !this.#atEnd(); position++) this.#attach(node, position, undefined);
        this.#open.delete(node);
        return node;
      }
      case EVENT_ID.MAPPING: {
        const node = this.#anchored(event, leaf(event.start));
        this.#open.add(node);
        while (!this.#atEnd()) {
          const key = this.#events[this.#index];
          const keyNode = this.read();
          if (!keyNode.isScalar) throw new Unacceptable(keyNode.offset, 'a list or a mapping may not be a key');
          const name =
            key?.type === EVENT_ID.SCALAR ? getScalarValue(this.#source, key) : `?${keyNode.offset}`;
          this.#attach(node, name, keyNode.offset);
        }
        this.#open.delete(node);
        return node;
      }
      default:
        return leaf(0);
    }
  }

  #attach(parent: Node, name: string | number, keyOffset: number | undefined): void {
    const node = this.read();
    parent.children.set(name, { keyOffset: keyOffset ?? node.offset, node });
    parent.size += node.size;
  }

  #atEnd(): boolean {
    const event = this.#events[this.#index];
    if (event && event.type !== EVENT_ID.POP) return false;
    this.#index++;
    return true;
  }

  #anchored({ anchorStart, anchorEnd }: { anchorStart: number; anchorEnd: number }, node: Node): Node {
    if (anchorStart >= 0) this.#anchors.set(this.#source.slice(anchorStart, anchorEnd), node);
    return node;
  }

  /** What an alias stands for is where the alias is, as far as the reader is concerned. */
  #alias(start: number, end: number): Node {
    const target = this.#anchors.get(this.#source.slice(start, end));
    if (!target) return leaf(start - 1); // js-yaml refuses it, in better words
    if (this.#open.has(target))
      throw new Unacceptable(start - 1, 'an alias may not be inside of what it stands for');
    return { ...target, offset: start - 1 };
  }
}

function leaf(offset: number, isScalar = false): Node {
  return { offset, children: new Map(), isScalar, size: 1 };
}

function find(root: Node, path: FieldPath): { valueOffset: number; keyOffset: number } {
  let node = root;
  let keyOffset = root.offset;
  for (const name of path) {
    const child = node.children.get(name);
    if (!child) return { valueOffset: keyOffset, keyOffset };
    node = child.node;
    keyOffset = child.keyOffset;
  }
  return { valueOffset: node.offset < 0 ? keyOffset : node.offset, keyOffset };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
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

/** Where js-yaml's own words would not help who has to mend the file. */
const REASONS: Readonly<Record<string, string>> = {
  'duplicated mapping key': 'Duplicate key',
  'deficient indentation': "deficient indentation, or a '{' or '[' that is not closed",
  'end of the stream or a document separator is expected':
    "unexpected text: the document ends before it, or a line '---' is missing",
};

const LONGEST_REASON = 200;

function errorOf(error: unknown, lines: readonly number[], fallback: number): YamlError {
  if (error instanceof Unacceptable) return { ...positionOf(error.offset, lines), message: error.message };
  const place = positionOf(fallback, lines);
  if (!(error instanceof YAMLException)) return { ...place, message: 'cannot be read as YAML' };
  const { line = place.line - 1, column = place.column - 1 } = error.mark ?? {};
  const reason = REASONS[error.reason] ?? error.reason;
  const isLong = reason.length > LONGEST_REASON;
  return {
    line: line + 1,
    column: column + 1,
    message: isLong ? `${reason.slice(0, LONGEST_REASON)}...` : reason,
  };
}
