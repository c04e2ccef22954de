import { createHash } from 'node:crypto';
import { type Key, KINDS, parseKey } from '../api/key.ts';

/** Orders keys by kind (in the order of creation), namespace, name. */
export function compareKeys(one: Key, other: Key): number {
  const [a, b] = [parseKey(one), parseKey(other)];
  return (
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

/** SHA-256 of a value's canonical JSON, in which the order of a mapping's keys does not count. */
export function digestOf(value: unknown): string {
  const canonical = JSON.stringify(value ?? null, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => compareText(one, other)))
      : part,
  );
  return createHash('sha256').update(canonical).digest('hex');
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
