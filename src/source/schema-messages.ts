import type { z } from 'zod';
import { quote } from './field-error.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** A complaint about one place of a document, in apimachinery's words. */
export interface Complaint {
  readonly path: Path;
  readonly message: string;
  /** Whether the key is at fault, not its value. */
  readonly atKey: boolean;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
  record: 'a mapping',
  map: 'a mapping',
};

/** Turns what the schema found into what users read. */
export function complaintsOf(
  issues: readonly Issue[],
  document: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  return issues.flatMap((issue) => complaintsOfIssue(issue, [], document, knownKeys));
}

function complaintsOfIssue(
  issue: Issue,
  above: Path,
  document: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  const path = [...above, ...issue.path];
  const value = valueAt(document, path);
  const complain = (message: string, atKey = false): Complaint => ({ path, message, atKey });
  const invalid = (requirement: string): Complaint =>
    complain(`Invalid value: ${quote(value)}: ${requirement}`);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        message: unknownField(key, knownKeys(path)),
      }));
    case 'invalid_type':
      if (value === undefined)
        return [complain(`Required value: must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`)];
      return [invalid(`must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`)];
    case 'invalid_value':
      return [complain(unsupported(value, issue.values.map(String)))];
    case 'invalid_union':
      return unionComplaints(issue, path, document, value, knownKeys);
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        path,
        atKey: true,
        message: `Invalid value: ${quote(path.at(-1))}: ${inner.message}`,
      }));
    case 'too_big':
      return [tooBig(issue, value, complain, invalid)];
    case 'too_small':
      return [tooSmall(issue, complain, invalid)];
    case 'custom':
    case 'invalid_format':
      return [ruleComplaint(issue.message, value, complain, invalid)];
    default:
      return [invalid('is not accepted')];
  }
}

type Complain = (message: string) => Complaint;

function ruleComplaint(message: string, value: unknown, complain: Complain, invalid: Complain): Complaint {
  if (message.startsWith('may ')) return complain(`Forbidden: ${message}`);
  if (message.startsWith('must be set')) return complain(`Required value: ${message}`);
  return typeof value === 'object' ? complain(`Invalid value: ${message}`) : invalid(message);
}

/** The texts of zod's own begin like this; ours say what is allowed. */
function isOurs(message: string): boolean {
  return message.startsWith('must');
}

function tooBig(
  issue: Extract<Issue, { code: 'too_big' }>,
  value: unknown,
  complain: Complain,
  invalid: Complain,
): Complaint {
  if (issue.origin === 'array')
    return complain(`Too many: ${(value as unknown[]).length}: must have at most ${issue.maximum} entries`);
  if (issue.origin === 'string') {
    return complain(
      `Too long: ${quote(value)}: ${isOurs(issue.message) ? issue.message : `must be no more than ${issue.maximum} characters`}`,
    );
  }
  return invalid(isOurs(issue.message) ? issue.message : `must be less than or equal to ${issue.maximum}`);
}

function tooSmall(
  issue: Extract<Issue, { code: 'too_small' }>,
  complain: Complain,
  invalid: Complain,
): Complaint {
  if (issue.origin === 'array')
    return complain(
      `Required value: must have at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`,
    );
  if (issue.origin === 'string') return complain('Required value: must not be empty');
  return invalid(isOurs(issue.message) ? issue.message : `must be greater than or equal to ${issue.minimum}`);
}

/** Of the alternatives, the one that got furthest tells; several fixed words are told together. */
function unionComplaints(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  document: unknown,
  value: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  if (value === undefined) return [{ path, atKey: false, message: 'Required value' }];
  const branches = issue.errors.map((issues) =>
    issues.flatMap((inner) => complaintsOfIssue(inner, path, document, knownKeys)),
  );
  const fitting = issue.errors.map(
    (issues) => !issues.some((inner) => inner.path.length === 0 && isWrongKind(inner)),
  );
  const index = fitting.indexOf(true);
  if (index >= 0 && branches[index]!.length > 0) return branches[index]!;
  const words = issue.errors
    .flat()
    .flatMap((inner) =>
      inner.code === 'invalid_value' && inner.path.length === 0 ? inner.values.map(String) : [],
    );
  if (words.length > 0 && typeof value === 'string')
    return [{ path, atKey: false, message: unsupported(value, words) }];
  const types = issue.errors
    .flat()
    .flatMap((inner) =>
      inner.code === 'invalid_type' && inner.path.length === 0 ? (TYPE_NAMES[inner.expected] ?? []) : [],
    );
  const allowed = [...new Set([...words.map((word) => `'${word}'`), ...types])].join(' or ');
  return [{ path, atKey: false, message: `Invalid value: ${quote(value)}: must be ${allowed}` }];
}

function isWrongKind({ code }: Issue): boolean {
  return code === 'invalid_type' || code === 'invalid_value';
}

/** `Unsupported value`, with what is supported. */
export function unsupported(value: unknown, supported: readonly string[]): string {
  if (value === undefined) return `Required value: supported values: ${supported.map(quote).join(', ')}`;
  return `Unsupported value: ${quote(value)}: supported values: ${supported.map(quote).join(', ')}`;
}

function unknownField(key: string, known: readonly string[]): string {
  if (key === '<<') return 'Forbidden: YAML merge keys may not be used';
  const close = closest(key, known);
  return close === undefined ? 'Unknown field' : `Unknown field: did you mean ${quote(close)}?`;
}

/** The candidate that is at most two typing mistakes away. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const most = word.length <= 3 ? 1 : 2;
  const scored = candidates.map((candidate) => ({
    candidate,
    distance: distance(word.toLowerCase().slice(0, 64), candidate.toLowerCase()),
  }));
  scored.sort((one, other) => one.distance - other.distance);
  return scored[0] && scored[0].distance <= most ? scored[0].candidate : undefined;
}

/** Levenshtein's. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length]!;
}

function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    document,
  );
}
