import { findKind } from '../../src/api/kind.ts';
import { type Manifest, type Resource, SCHEMAS, resourceKey } from '../../src/api/resource.ts';
import type { Key } from '../../src/api/key.ts';
import type { ElementCollector } from '../../src/netfilter/elements.ts';
import type { SetName } from '../../src/netfilter/sets.ts';

/** A manifest as a file would hold it, checked, with its defaults. */
export function manifest<R extends Resource>(document: { readonly kind: string }): Manifest<R> {
  const resource = SCHEMAS[findKind(document.kind)!.kind].parse(document) as R;
  return { key: resourceKey(resource), resource, origin: { file: 'test.yaml', line: 1, column: 1 } };
}

/** A key, from its text. */
export function key(text: string): Key {
  return text as Key;
}

/** What a set holds: each key, with its value where it is a map. */
export function held(collector: ElementCollector, set: SetName): string[] {
  return [...collector.table().get(set)!.values()].map(({ key: text, value }) =>
    value === '' ? text : `${text} : ${value}`,
  );
}

/** Whose the elements of a set are. */
export function owners(collector: ElementCollector, set: SetName): string[] {
  return [...collector.table().get(set)!.values()].map(({ owner }) => owner);
}
