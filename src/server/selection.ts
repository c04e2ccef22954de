import { type LabelSelector, labelSelector, selects } from '../api/selector.ts';
import type { Served } from './collection.ts';
import { StatusError } from './status-error.ts';

/** Which objects of a collection a request is about. */
export type Selection = (object: Served) => boolean;

/**
 * Reads `labelSelector`.
 *
 * @throws {StatusError} BadRequest.
 */
export function selectByLabels(text: string | undefined): Selection {
  const selector = parseLabelSelector(text ?? '');
  return ({ metadata }) => selects(selector, 'labels' in metadata ? metadata.labels : {});
}

/**
 * Reads `fieldSelector`. The fields that it may name never change in the life of an object.
 *
 * @throws {StatusError} BadRequest.
 */
export function selectByFields(kind: string, text: string | undefined): Selection {
  const wanted = parseFieldSelector(text ?? '', kind === 'Event' ? EVENT_FIELDS : OBJECT_FIELDS);
  return (object) => wanted.every(({ field, equal, value }) => (field(object) === value) === equal);
}

/**
 * Reads Kubernetes' text form of a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 *
 * @throws {StatusError} BadRequest.
 */
function parseLabelSelector(text: string): LabelSelector {
  const matchExpressions = splitTopLevel(text).map((part) => {
    const expression = parseRequirement(part);
    if (!expression) throw new StatusError('BadRequest', `unable to parse requirement: ${part.trim()}`);
    return expression;
  });
  const parsed = labelSelector.safeParse({ matchExpressions });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new StatusError('BadRequest', `unable to parse label selector '${text}': ${issue.message}`);
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** Splits at commas outside parentheses. */
function splitTopLevel(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const parts: string[] = [];
  let start = 0;
  let inside = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '(' || character === ')') inside = character === '(';
    if (character !== ',' || inside) continue;
    parts.push(text.slice(start, index));
    start = index + 1;
  }
  return [...parts, text.slice(start)];
}

function parseRequirement(part: string): Requirement | undefined {
  const text = part.trim();
  const set = /^(?<key>\S+)\s+(?<operator>in|notin)\s*\((?<values>[^()]*)\)$/.exec(text)?.groups;
  if (set) {
    const values = set.values!.split(',').map((value) => value.trim());
    return { key: set.key!, operator: set.operator === 'in' ? 'In' : 'NotIn', values };
  }
  const equality = /^(?<key>[^\s=!]+)\s*(?<operator>==|=|!=)\s*(?<value>[^\s=!]*)$/.exec(text)?.groups;
  if (equality) {
    const operator = equality.operator === '!=' ? 'NotIn' : 'In';
    return { key: equality.key!, operator, values: [equality.value!] };
  }
  const existence = /^(?<not>!?)\s*(?<key>[^\s=!()]+)$/.exec(text)?.groups;
  return existence && { key: existence.key!, operator: existence.not === '!' ? 'DoesNotExist' : 'Exists' };
}

interface FieldRequirement {
  readonly field: (object: Served) => string;
  readonly equal: boolean;
  readonly value: string;
}

function parseFieldSelector(text: string, fields: Fields): readonly FieldRequirement[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const match = /^\s*(?<name>[A-Za-z.]+)\s*(?<operator>==|=|!=)\s*(?<value>[^\s=!]*)\s*$/.exec(
        part,
      )?.groups;
      if (!match) throw new StatusError('BadRequest', `invalid field selector: ${part.trim()}`);
      const field = fields.get(match.name!);
      if (!field) throw new StatusError('BadRequest', `field label not supported: ${match.name!}`);
      return { field, equal: match.operator !== '!=', value: match.value! };
    });
}

type Fields = ReadonlyMap<string, (object: Served) => string>;

const OBJECT_FIELDS: Fields = new Map([
  ['metadata.name', ({ metadata }: Served) => metadata.name],
  ['metadata.namespace', ({ metadata }: Served) => metadata.namespace ?? ''],
]);

const EVENT_FIELDS: Fields = new Map([
  ...OBJECT_FIELDS,
  ['type', (object: Served) => ('type' in object ? object.type : '')],
  ['reason', (object: Served) => ('reason' in object ? object.reason : '')],
  ...(['apiVersion', 'kind', 'namespace', 'name', 'uid'] as const).map(
    (part): [string, (object: Served) => string] => [
      `involvedObject.${part}`,
      (object) => ('involvedObject' in object ? (object.involvedObject[part] ?? '') : ''),
    ],
  ),
]);
