import type { ApiObject } from '../api/object.ts';
import { dumpYaml } from '../source/yaml.ts';
import { printableLines } from './printable.ts';
import { objectName } from './resource-argument.ts';

export type OutputFormat = 'wide' | 'yaml' | 'json' | 'name';

type Serialization = Exclude<OutputFormat, 'wide'>;

/** One object in a format that programs read. */
export function objectLines(object: ApiObject, format: Serialization): readonly string[] {
  return format === 'name' ? [objectName(object)] : serialized(object, format);
}

/** Several objects, as a `v1` List where the format has one. */
export function listLines(objects: readonly ApiObject[], format: Serialization): readonly string[] {
  if (format === 'name') return objects.map(objectName);
  return serialized(
    { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects },
    format,
  );
}

/** JSON needs no care for line breaks, which it escapes; the rest of the controls stay valid JSON as escapes. */
function serialized(value: object, format: 'yaml' | 'json'): readonly string[] {
  return printableLines(format === 'json' ? JSON.stringify(value, null, 4) : dumpYaml(value));
}
