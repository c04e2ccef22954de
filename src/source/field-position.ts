import { isRecord } from './declared.ts';
import type { FieldError } from './field-error.ts';
import { type FieldPath, type Position, type YamlDocument, parseYaml } from './yaml.ts';

/**
 * Moves errors that stand where their document begins to the fields that they are about. Where a field is left out, or
 * the text is another by now, an error stays.
 */
export function atFields(errors: readonly FieldError[], textOf: (file: string) => string): FieldError[] {
  const parsed = new Map<string, readonly YamlDocument[]>();
  return errors.map((error) => {
    const { file, path } = error;
    if (path === undefined) return error;
    const documents = parsed.get(file) ?? parseYaml(textOf(file)).documents;
    parsed.set(file, documents);
    const place = documents.flatMap((document) => placesIn(document, document.value, [], error))[0];
    return place ? { ...error, ...place([...partsOf(path)]) } : error;
  });
}

/** The document, or item of a List, that begins where an error stands. */
function placesIn(
  document: YamlDocument,
  value: unknown,
  at: FieldPath,
  error: Position,
): ((path: FieldPath) => Position)[] {
  if (isRecord(value) && value.kind === 'List' && Array.isArray(value.items)) {
    return value.items.flatMap((item, index) => placesIn(document, item, [...at, 'items', index], error));
  }
  const { line, column } = document.valueAt(at);
  return line === error.line && column === error.column ? [(path) => document.valueAt([...at, ...path])] : [];
}

/** `spec.addresses[0]` in its parts. */
function partsOf(path: string): FieldPath {
  return Array.from(path.matchAll(/\[(\d+)\]|[^.[\]]+/g), ([name, index]) =>
    index === undefined ? name : Number(index),
  );
}
