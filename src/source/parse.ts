import { type Key, displayKey, keyOf } from '../api/key.ts';
import { KIND_INFO, type KindInfo, findKind } from '../api/kind.ts';
import { type Manifest, SCHEMAS, resourceKey } from '../api/resource.ts';
import { dnsLabel, dnsSubdomain } from '../api/scalars.ts';
import { closest } from './closest.ts';
import { declaredPart, isRecord } from './declared.ts';
import { type FieldError, byPlace, pathText, quote } from './field-error.ts';
import { jsonError } from './json-error.ts';
import { knownKeysOf } from './known-keys.ts';
import { complaintsOf, unknownField, unsupported } from './schema-messages.ts';
import { type FieldPath, type Position, type YamlDocument, parseYaml } from './yaml.ts';

/** The largest file that is read, in bytes. */
export const LARGEST_FILE = 1024 * 1024;
/** Messages about one file; a file with more is no manifest that somebody mistyped. */
const MOST_ERRORS = 1000;
const LIST_FIELDS = ['apiVersion', 'kind', 'metadata', 'items'];

/** What a file says: its valid resources, and what is wrong with the others. */
export interface ParsedFile {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly FieldError[];
  /** Whether the text could be read at all; where not, nothing of it counts. */
  readonly readable: boolean;
  /** The resources that the invalid documents are about. */
  readonly invalid: ReadonlySet<Key>;
  /** Whether an invalid document does not say which resource it is about. */
  readonly anonymous: boolean;
}

/** Reads a manifest file, YAML or JSON. Every error of every document is told at once. Never throws. */
export function parseManifests(file: string, text: string): ParsedFile {
  const reader = new FileReader(file);
  const readable = reader.read(text.replace(/^\ufeff/, ''));
  const { manifests, invalid, anonymous } = reader;
  const errors = reader.errors.sort(byPlace);
  const most = errors.slice(0, MOST_ERRORS);
  const next = errors[MOST_ERRORS];
  if (next) {
    const { line, column } = next;
    most.push({ file, line, column, message: `${errors.length - MOST_ERRORS} more errors are left out` });
  }
  return { manifests: readable ? manifests : [], errors: most, readable, invalid, anonymous };
}

class FileReader {
  readonly manifests: Manifest[] = [];
  readonly errors: FieldError[] = [];
  readonly invalid = new Set<Key>();
  anonymous = false;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** @returns whether the text could be read at all. */
  read(text: string): boolean {
    if (Buffer.byteLength(text) > LARGEST_FILE) {
      this.#report({ line: 1, column: 1 }, 'Too long: must be no more than 1 MiB');
      return false;
    }
    const notJson = this.#file.endsWith('.json') && text.trim() !== '' ? jsonError(text) : undefined;
    if (notJson) {
      this.#report(notJson, notJson.message);
      return false;
    }
    const { documents, errors } = parseYaml(text);
    for (const error of errors) this.#report(error, error.message);
    if (errors.length > 0) this.anonymous = true;
    for (const document of documents) this.#readDocument(document);
    return errors.length === 0 || documents.length > 0;
  }

  #readDocument(document: YamlDocument): void {
    const valid = this.manifests.length;
    this.#readItem(document, document.value, []);
    if (document.problems.length === 0) return;
    for (const { key } of this.manifests.splice(valid)) this.invalid.add(key);
    for (const { path, message, ...position } of document.problems) {
      const { item, inner } = itemOf(document.value, path);
      const info = isRecord(item) ? kindOf(item) : undefined;
      const subject = info && isRecord(item) ? subjectOf(item, info) : undefined;
      // Of two names that a document gives itself, either may be meant.
      if (inner[0] !== 'spec') this.anonymous = true;
      this.#report(position, message, subject, inner);
    }
  }

  #readItem(document: YamlDocument, value: unknown, at: FieldPath): void {
    if (!isRecord(value)) {
      this.anonymous = true;
      const message = `Invalid value: ${quote(value)}: must be a mapping with apiVersion, kind and metadata`;
      this.#report(document.valueAt(at), message);
      return;
    }
    if (value.kind === 'List') {
      this.#readList(document, value, at);
      return;
    }
    const info = kindOf(value);
    if (!info) {
      this.anonymous = true;
      this.#report(document.valueAt([...at, 'kind']), unsupportedKind(value.kind), undefined, ['kind']);
      return;
    }
    const subject = subjectOf(value, info);
    if (value.apiVersion !== info.apiVersion) {
      this.#refuse(value, info);
      const message = unsupported(value.apiVersion, [info.apiVersion]);
      this.#report(document.valueAt([...at, 'apiVersion']), message, subject, ['apiVersion']);
      return;
    }
    const declared = declaredPart(value);
    const parsed = SCHEMAS[info.kind].safeParse(declared);
    if (parsed.success) {
      const origin = { file: this.#file, ...document.valueAt(at) };
      this.manifests.push({ key: resourceKey(parsed.data), resource: parsed.data, origin });
      return;
    }
    this.#refuse(value, info);
    const knownKeys = (path: readonly PropertyKey[]): readonly string[] =>
      knownKeysOf(SCHEMAS[info.kind], path);
    for (const { path, message, atKey } of complaintsOf(parsed.error.issues, declared, knownKeys)) {
      const whole = [...at, ...path.map((part) => (typeof part === 'number' ? part : String(part)))];
      this.#report(atKey ? document.keyAt(whole) : document.valueAt(whole), message, subject, path);
    }
  }

  #readList(document: YamlDocument, list: Record<string, unknown>, at: FieldPath): void {
    const before = this.errors.length;
    if (list.apiVersion !== 'v1') {
      const position = document.valueAt([...at, 'apiVersion']);
      this.#report(position, unsupported(list.apiVersion, ['v1']), 'List', ['apiVersion']);
    }
    for (const field of Object.keys(list).filter((name) => !LIST_FIELDS.includes(name))) {
      const position = document.keyAt([...at, field]);
      this.#report(position, unknownField(field, LIST_FIELDS), 'List', [field]);
    }
    const { items } = list;
    if (!Array.isArray(items)) {
      const what = items === undefined ? 'Required value' : `Invalid value: ${quote(items)}`;
      this.#report(document.valueAt([...at, 'items']), `${what}: must be a list`, 'List', ['items']);
    }
    if (this.errors.length > before) {
      this.anonymous = true;
      return;
    }
    (items as unknown[]).forEach((item, index) => this.#readItem(document, item, [...at, 'items', index]));
  }

  /** Notes which resource an invalid document is about, as far as that can be told. */
  #refuse({ metadata }: Record<string, unknown>, { kind }: KindInfo): void {
    const { name, namespace = 'default' } = isRecord(metadata) ? metadata : {};
    const parsedName = dnsSubdomain.safeParse(name);
    const parsedNamespace = dnsLabel.safeParse(namespace);
    if (parsedName.success && parsedNamespace.success) {
      this.invalid.add(keyOf(kind, parsedNamespace.data, parsedName.data));
    } else {
      this.anonymous = true;
    }
  }

  #report(
    { line, column }: Position,
    message: string,
    subject?: string,
    path?: readonly PropertyKey[],
  ): void {
    this.errors.push({
      file: this.#file,
      line,
      column,
      ...(subject !== undefined && { subject }),
      ...(path && path.length > 0 && { path: pathText(path) }),
      message,
    });
  }
}

/** The resource of a document, or of a List in it, that a path leads into. */
function itemOf(value: unknown, path: FieldPath): { item: unknown; inner: FieldPath } {
  let item = value;
  let inner = path;
  while (
    isRecord(item) &&
    item.kind === 'List' &&
    Array.isArray(item.items) &&
    typeof inner[1] === 'number'
  ) {
    item = (item.items as unknown[])[inner[1]];
    inner = inner.slice(2);
  }
  return { item, inner };
}

function kindOf(value: Record<string, unknown>): KindInfo | undefined {
  return Object.values(KIND_INFO).find(({ kind }) => kind === value.kind);
}

function unsupportedKind(kind: unknown): string {
  const names = Object.values(KIND_INFO).map((info) => info.kind);
  const close =
    typeof kind === 'string' ? (closest(kind, [...names, 'List']) ?? findKind(kind)?.kind) : undefined;
  return `${unsupported(kind, names)}${close === undefined ? '' : `; did you mean ${quote(close)}?`}`;
}

/** What the document says it is, as far as that can be read; for messages only. */
function subjectOf({ metadata }: Record<string, unknown>, { kind }: KindInfo): string {
  const { name, namespace } = isRecord(metadata) ? metadata : {};
  if (typeof name !== 'string' || !/^[\w.-]{1,253}$/.test(name)) return kind;
  const space = typeof namespace === 'string' && /^[\w.-]{1,63}$/.test(namespace) ? namespace : 'default';
  return displayKey(keyOf(kind, space, name));
}
