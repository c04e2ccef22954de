import type { ApiEvent } from '../api/object.ts';
import { type Column, EVENT_COLUMNS } from '../server/columns.ts';
import type { DaemonClient } from './client.ts';
import type { CommandIo } from './io.ts';
import { TableLayout } from './table.ts';

export interface EventsOptions {
  /** Only events of this namespace; default all. */
  readonly namespace?: string | undefined;
  readonly watch?: boolean | undefined;
  /** Ends a watch. */
  readonly signal?: AbortSignal | undefined;
  readonly now?: () => Date;
}

/** Events of every namespace are printed together, so that the object is told with its own. */
const COLUMNS: readonly Column<ApiEvent>[] = EVENT_COLUMNS.map((column) =>
  column.title === 'OBJECT' ? { title: 'OBJECT', cell: involvedName } : column,
);

/** Prints what happened and why, the newest last. */
export async function eventsCommand(
  client: DaemonClient,
  { namespace, watch = false, signal, now = () => new Date() }: EventsOptions,
  io: CommandIo,
): Promise<number> {
  const filter = { namespace };
  const { items, resourceVersion } = await client.events(filter);
  if (items.length === 0 && !watch) {
    io.stderr('No events found.');
    return 0;
  }
  const layout = new TableLayout(COLUMNS);
  layout.lines(items, now()).forEach((line) => io.stdout(line));
  if (!watch) return 0;
  await client.watchEvents(filter, {
    resourceVersion,
    signal,
    onChange: ({ object }) => io.stdout(layout.line(object, now())),
  });
  if (signal?.aborted === true) return 0;
  io.stderr('the daemon ended the watch');
  return 1;
}

function involvedName({ involvedObject: { kind, namespace, name } }: ApiEvent): string {
  const path = namespace === undefined || namespace === 'default' ? [name] : [namespace, name];
  return [kind.toLowerCase(), ...path].join('/');
}
