import type { z } from 'zod';
import { quote } from './field-error.ts';
import { closest } from './closest.ts';

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
};

/** Turns what the schema found into what users read. `knownKeys` names the fields that there are at a path. */
export function complaintsOf(
  issues: readonly Issue[],
  document: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  const complaints = issues.flatMap((issue) => complaintsOfIssue(issue, [], document, knownKeys));
  // A value that is missing or of the wrong type breaks further rules, which is no news to anybody.
  const decided = new Set(complaints.filter(isDecisive).map(placeOf));
  return complaints.filter((complaint) => isDecisive(complaint) || !decided.has(placeOf(complaint)));
}

function isDecisive({ message }: Complaint): boolean {
  return /^Required value|: must be a whole number$/.test(message);
}

function placeOf({ path }: Complaint): string {
  return JSON.stringify(path);
}

function complaintsOfIssue(
  issue: Issue,
  above: Path,
  document: unknown,
  knownKeys: (path: Path) => readonly string[],
): Complaint[] {
  const path = [...above, ...issue.path];
  const value = valueAt(document, path);
  if (isFalseFraction(issue, value)) return [];
  const complain = (message: string, atKey = false): Complaint => ({ path, message, atKey });
  const invalid = (requirement: string): Complaint =>
    complain(`Invalid value: ${quote(value)}: ${requirement}`);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        atKey: true,
        message: unknownField(key, known),
      }));
    }
    case 'invalid_type': {
      const requirement = `must be ${typeName(issue.expected)}${fieldsAt(path, issue.expected, knownKeys)}`;
      return [value === undefined ? complain(`Required value: ${requirement}`) : invalid(requirement)];
    }
    case 'invalid_value':
      return [complain(unsupported(value, issue.values.map(String)))];
    case 'invalid_union': {
      const branches = issue.errors.map((issues) =>
        issues.flatMap((inner) => complaintsOfIssue(inner, path, document, knownKeys)),
      );
      return unionComplaints(issue.errors, branches, value, complain);
    }
    case 'invalid_key': {
      const key = path.at(-1);
      if (key === '<<') return [complain(NO_MERGE_KEYS, true)];
      return issue.issues.map(({ message }) => complain(`Invalid value: ${quote(key)}: ${message}`, true));
    }
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

/** More than these are to be read up. */
const MOST_FIELDS = 6;

/** What a mapping may hold. */
function fieldsAt(path: Path, expected: string, knownKeys: (path: Path) => readonly string[]): string {
  if (expected !== 'object') return '';
  const names = knownKeys(path);
  if (names.length === 0) return '; it has no fields, so write {}';
  return names.length > MOST_FIELDS ? '' : `; its fields: ${names.join(', ')}`;
}

/** A whole number that is too large to be exact is told about its size; the schema says it is no whole number, too. */
function isFalseFraction(issue: Issue, value: unknown): boolean {
  const isSize = issue.code === 'too_big' || issue.code === 'too_small';
  return isSize && issue.origin === 'int' && Number.isInteger(value);
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

/**
 * Of several alternatives, the one of the value's type tells what is wrong, beside the fixed words that would do too;
 * where none is of its type, the types are told.
 */
function unionComplaints(
  alternatives: readonly (readonly Issue[])[],
  branches: readonly Complaint[][],
  value: unknown,
  complain: Complain,
): Complaint[] {
  const atTop = alternatives.flat().filter(({ path }) => path.length === 0);
  const words = atTop.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : []));
  const types = atTop.flatMap((issue) => (issue.code === 'invalid_type' ? [typeName(issue.expected)] : []));
  const fitting = branches[alternatives.findIndex((issues) => !issues.some(isOfOtherType))];
  if (fitting && value !== undefined) {
    const either = words.map((word) => `'${word}', or `).join('');
    const depth = complain('').path.length;
    return fitting.map((complaint) =>
      complaint.path.length > depth
        ? complaint
        : { ...complaint, message: complaint.message.replace(/: must be (?=an? )/, `: must be ${either}`) },
    );
  }
  const others = [...new Set(types)];
  if (words.length > 0 && typeof value === 'string')
    return [
      complain([unsupported(value, words), ...others.filter((type) => type !== 'a string')].join(', or ')),
    ];
  const allowed = inWords([...words.map((word) => `'${word}'`), ...others]);
  return [
    complain(
      value === undefined
        ? `Required value: must be ${allowed}`
        : `Invalid value: ${quote(value)}: must be ${allowed}`,
    ),
  ];
}

function isOfOtherType({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function inWords(alternatives: readonly string[]): string {
  return alternatives.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

/** `Unsupported value`, with what is supported. */
export function unsupported(value: unknown, supported: readonly string[]): string {
  const what = value === undefined ? 'Required value' : `Unsupported value: ${quote(value)}`;
  return `${what}: supported values: ${supported.map(quote).join(', ')}`;
}

const NO_MERGE_KEYS = 'Forbidden: YAML merge keys may not be used';

/** `Unknown field`, with the known one that was probably meant. */
export function unknownField(key: string, known: readonly string[]): string {
  if (key === '<<') return NO_MERGE_KEYS;
  const close = closest(key, known);
  return close === undefined ? 'Unknown field' : `Unknown field: did you mean ${quote(close)}?`;
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
