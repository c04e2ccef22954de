import type { Key } from '../api/key.ts';
import type { ApiEvent, ApiObject } from '../api/object.ts';
import type { Condition } from '../api/status.ts';
import { formatAge } from '../server/age.ts';
import type { Column } from '../server/columns.ts';
import { EVENT_COLUMNS } from '../server/columns.ts';
import { dumpYaml } from '../source/yaml.ts';
import type { DaemonClient } from './client.ts';
import type { CommandIo } from './io.ts';
import { printable, printableLines } from './printable.ts';
import { notFoundMessage, resourceArgument } from './resource-argument.ts';
import { TableLayout } from './table.ts';

interface DescribeOptions {
  /** As the user typed it. */
  readonly kind: string;
  /** May be absent where `kind` is `KIND/NAME`. */
  readonly name?: string | undefined;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  readonly now?: () => Date;
}

/**
 * Prints all that is known of one resource: spec, conditions, what is in the kernel, recent events.
 *
 * @returns The exit status: 1 where it does not exist.
 */
export async function describeCommand(
  client: DaemonClient,
  { kind, name, namespace = 'default', now = () => new Date() }: DescribeOptions,
  io: CommandIo,
): Promise<number> {
  const key = resourceArgument(name === undefined ? kind : `${kind}/${name}`, namespace);
  const object = await client.get(key);
  if (!object) {
    io.stderr(notFoundMessage(key));
    return 1;
  }
  const [facts, events] = await Promise.all([client.kernelFacts(key), eventsAbout(client, key)]);
  const time = now();
  const lines = [
    ...headLines(object, time),
    ...section('Spec', printableLines(dumpYaml(object.spec ?? {}))),
    ...section('Conditions', conditionLines(object.status.conditions, time)),
    ...section('Kernel', facts.map(printable)),
    ...section('Events', eventLines(events, time)),
  ];
  lines.forEach((line) => io.stdout(line));
  return 0;
}

async function eventsAbout(client: DaemonClient, key: Key): Promise<readonly ApiEvent[]> {
  return (await client.events({ about: key })).items;
}

function headLines({ apiVersion, kind, metadata, status }: ApiObject, now: Date): readonly string[] {
  const fields: readonly (readonly [string, string])[] = [
    ['Name', metadata.name],
    ...(metadata.namespace === undefined ? [] : [['Namespace', metadata.namespace] as const]),
    ['Labels', pairs(metadata.labels)],
    ['Annotations', pairs(metadata.annotations)],
    ['API Version', apiVersion],
    ['Kind', kind],
    ['UID', metadata.uid],
    ['Generation', `${metadata.generation} (observed: ${status.observedGeneration})`],
    ['Age', formatAge(metadata.creationTimestamp, now)],
  ];
  return fields.map(([title, value]) => `${`${title}:`.padEnd(14)}${printable(value)}`);
}

function pairs(values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return entries.join(', ') || '<none>';
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [`${title}:`.padEnd(14) + '<none>'];
  return [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

const CONDITION_COLUMNS: readonly Column<Condition>[] = [
  { title: 'TYPE', cell: ({ type }) => type },
  { title: 'STATUS', cell: ({ status }) => status },
  { title: 'REASON', cell: ({ reason }) => reason },
  { title: 'SINCE', cell: ({ lastTransitionTime }, now) => formatAge(lastTransitionTime, now) },
  { title: 'MESSAGE', cell: ({ message }) => message },
];

function conditionLines(conditions: readonly Condition[], now: Date): readonly string[] {
  return conditions.length === 0 ? [] : new TableLayout(CONDITION_COLUMNS).lines(conditions, now);
}

function eventLines(events: readonly ApiEvent[], now: Date): readonly string[] {
  const columns = EVENT_COLUMNS.filter(({ title }) => title !== 'OBJECT');
  return events.length === 0 ? [] : new TableLayout(columns).lines(events, now);
}
