import { displayKey, keyOf } from '../api/key.ts';
import { KIND_INFO, type KindInfo, type Manifest, findKind, resourceKey } from '../api/resource.ts';
import { type FieldError, pathText, quote } from './field-error.ts';
import { knownKeysOf } from './known-keys.ts';
import { closest, complaintsOf, unsupported } from './schema-messages.ts';
import { type FieldPath, type YamlDocument, parseYaml } from './yaml.ts';

/** The largest file that is read, in bytes. */
export const LARGEST_FILE = 1024 * 1024;

/** What a file says: its valid resources, and what is wrong with the others. */
export interface ParsedFile {
  readonly manifests: readonly Manifest[];
  readonly errors: readonly FieldError[];
  /** Whether the text could be read at all; where not, nothing of it counts. */
  readonly readable: boolean;
}

type Report = (
  at: { line: number; column: number },
  message: string,
  more?: Pick<FieldError, 'subject' | 'path'>,
) => void;

/** Reads a manifest file, YAML or JSON. Every error of every document is told at once. Never throws. */
export function parseManifests(file: string, text: string): ParsedFile {
  const errors: FieldError[] = [];
  const report: Report = ({ line, column }, message, more = {}) =>
    errors.push({ file, line, column, message, ...more });
  const unreadable = (): ParsedFile => ({ manifests: [], errors, readable: false });
  if (Buffer.byteLength(text) > LARGEST_FILE) {
    report({ line: 1, column: 1 }, 'Too long: must be no more than 1 MiB');
    return unreadable();
  }
  if (file.endsWith('.json') && text.trim() !== '' && !isJson(text, report)) return unreadable();
  const { documents, errors: syntax } = parseYaml(text);
  for (const error of syntax) report(error, error.message);
  if (syntax.length > 0 && documents.length === 0) return unreadable();
  const manifests = documents.flatMap((document) => readDocument(file, document, [], report));
  return { manifests, errors, readable: true };
}

function isJson(text: string, report: Report): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const place = /line (?<line>\d+) column (?<column>\d+)/.exec(message)?.groups;
    report(
      { line: Number(place?.line ?? 1), column: Number(place?.column ?? 1) },
      'must be JSON, since the file is named .json',
    );
    return false;
  }
}

function readDocument(file: string, document: YamlDocument, at: FieldPath, report: Report): Manifest[] {
  const value = at.reduce<unknown>(
    (inner, part) => (inner as Record<PropertyKey, unknown>)[part],
    document.value,
  );
  if (!isRecord(value)) {
    report(
      document.valueAt(at),
      `Invalid value: ${quote(value)}: must be a mapping with apiVersion, kind and metadata`,
    );
    return [];
  }
  if (value.kind === 'List' && value.apiVersion === 'v1') return readList(file, document, at, value, report);
  const info = kindOf(value, document, at, report);
  if (!info) return [];
  const subject = subjectOf(value, info);
  const parsed = info.schema.safeParse(value);
  if (parsed.success) {
    return [
      { key: resourceKey(parsed.data), resource: parsed.data, origin: { file, ...document.valueAt(at) } },
    ];
  }
  for (const { path, message, atKey } of complaintsOf(parsed.error.issues, value, (inner) =>
    knownKeysOf(info.schema, inner),
  )) {
    const whole = [...at, ...path.map((part) => (typeof part === 'number' ? part : String(part)))];
    report(atKey ? document.keyAt(whole) : document.valueAt(whole), message, {
      ...(subject && { subject }),
      path: pathText(path),
    });
  }
  return [];
}

function readList(
  file: string,
  document: YamlDocument,
  at: FieldPath,
  list: Record<string, unknown>,
  report: Report,
): Manifest[] {
  if (!Array.isArray(list.items)) {
    report(document.valueAt([...at, 'items']), 'Required value: must be a list', {
      subject: 'List',
      path: 'items',
    });
    return [];
  }
  return list.items.flatMap((_, index) => readDocument(file, document, [...at, 'items', index], report));
}

function kindOf(
  value: Record<string, unknown>,
  document: YamlDocument,
  at: FieldPath,
  report: Report,
): KindInfo | undefined {
  const kinds = Object.values(KIND_INFO);
  const info = kinds.find(({ kind }) => kind === value.kind);
  if (!info) {
    const names = kinds.map(({ kind }) => kind);
    const close =
      typeof value.kind === 'string' ? (closest(value.kind, names) ?? findKind(value.kind)?.kind) : undefined;
    const hint = close === undefined ? '' : `; did you mean ${quote(close)}?`;
    report(document.valueAt([...at, 'kind']), `${unsupported(value.kind, names)}${hint}`, { path: 'kind' });
    return undefined;
  }
  if (value.apiVersion === info.apiVersion) return info;
  const subject = subjectOf(value, info);
  const message = unsupported(value.apiVersion, [info.apiVersion]);
  report(document.valueAt([...at, 'apiVersion']), message, {
    ...(subject && { subject }),
    path: 'apiVersion',
  });
  return undefined;
}

/** What the document says it is, as far as that can be read; for messages only. */
function subjectOf(value: Record<string, unknown>, { kind }: KindInfo): string {
  const { name, namespace } = isRecord(value.metadata) ? value.metadata : {};
  if (typeof name !== 'string' || !/^[\w.-]{1,253}$/.test(name)) return kind;
  const space = typeof namespace === 'string' && /^[\w.-]{1,63}$/.test(namespace) ? namespace : 'default';
  return displayKey(keyOf(kind, space, name));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
