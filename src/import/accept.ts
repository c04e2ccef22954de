import { type Key, keyOf } from '../api/key.ts';
import { type Manifest, SCHEMAS } from '../api/resource.ts';
import { crossCheck } from '../source/cross-check.ts';
import { type Candidate, documentOf } from './candidate.ts';
import type { Ledger, SourceLine } from './ledger.ts';

/** Rounds in which fields that are in the way may go. */
const ROUNDS = 4;

/**
 * The candidates that are valid, each by itself and beside the others, by the very checks that `validate` makes. A field
 * that contradicts an earlier manifest goes, and where that does not help the whole of it; the lines say why.
 */
export function acceptedOf(candidates: readonly Candidate[], ledger: Ledger): readonly Candidate[] {
  let left = candidates.filter((candidate) => isValid(candidate, ledger));
  for (let round = 1; ; round++) {
    const complaints = complaintsAbout(left);
    if (complaints.size === 0) return left;
    left = left.filter((candidate) => {
      const own = complaints.get(candidate);
      if (!own) return true;
      if (round < ROUNDS && own.every(({ path }) => candidate.fields?.has(path)) && own.length > 0) {
        drop(candidate, own, ledger);
        return true;
      }
      reject(candidate, own[0]?.message ?? 'it contradicts another manifest', ledger);
      return false;
    });
  }
}

interface Complaint {
  readonly path: string;
  readonly message: string;
}

function isValid(candidate: Candidate, ledger: Ledger): boolean {
  const parsed = SCHEMAS[candidate.kind].safeParse(documentOf(candidate));
  if (parsed.success) return true;
  const [issue] = parsed.error.issues;
  const reason = `${issue?.path.map(String).join('.') ?? 'it'}: ${issue?.message ?? 'is not valid'}`;
  reject(candidate, reason, ledger);
  return false;
}

/** What is wrong with candidates beside those before them. */
function complaintsAbout(candidates: readonly Candidate[]): ReadonlyMap<Candidate, readonly Complaint[]> {
  const manifests = candidates.map((candidate, index): Manifest => {
    const resource = SCHEMAS[candidate.kind].parse(documentOf(candidate));
    const { file, line } = candidate.sources[0] ?? { file: candidate.name, line: 1 };
    // The column tells candidates of one line apart.
    return { key: keyOfCandidate(candidate), resource, origin: { file, line, column: index } };
  });
  const { errors } = crossCheck(manifests);
  const byColumn = Map.groupBy(errors, ({ column }) => column);
  return new Map(
    [...byColumn].map(([index, own]) => [
      candidates[index]!,
      own.map(({ path = '', message }) => ({ path, message })),
    ]),
  );
}

function keyOfCandidate({ kind, name }: Candidate): Key {
  return keyOf(kind, 'default', name);
}

function reject(candidate: Candidate, reason: string, ledger: Ledger): void {
  for (const source of candidate.sources) ledger.comment(source, `no ${candidate.kind}: ${reason}`);
}

/** Takes fields away; of lists, the last first, so that the others keep their places. */
function drop(candidate: Candidate, complaints: readonly Complaint[], ledger: Ledger): void {
  const { spec, fields, sources } = candidate;
  const lost: SourceLine[] = [];
  for (const { path, message } of complaints.toSorted(
    (one, other) => indexOf(other.path) - indexOf(one.path),
  )) {
    const source = fields?.get(path);
    if (!source) continue;
    ledger.comment(source, message);
    lost.push(source);
    const name = /^spec\.(\w+)/.exec(path)![1]!;
    const index = indexOf(path);
    if (index < 0) {
      Reflect.deleteProperty(spec, name);
      fields!.delete(path);
    } else removeAt(candidate, name, index);
  }
  sources.splice(0, Infinity, ...sources.filter((source) => !lost.includes(source)));
}

function indexOf(path: string): number {
  return Number(/\[(\d+)\]$/.exec(path)?.[1] ?? -1);
}

function removeAt({ spec, fields }: Candidate, name: string, index: number): void {
  const values = spec[name] as unknown[];
  values.splice(index, 1);
  for (let place = index; place <= values.length; place++) {
    const next = fields!.get(`spec.${name}[${place + 1}]`);
    if (next) fields!.set(`spec.${name}[${place}]`, next);
    else fields!.delete(`spec.${name}[${place}]`);
  }
}
