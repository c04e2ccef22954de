import { KINDS, type Key, type Kind, parseKey } from '../api/key.ts';
import type { ApiObject } from '../api/object.ts';
import type { DaemonClient, ListFilter, Listing } from './client.ts';
import { chooseColumns } from './columns.ts';
import { CommandError, type CommandIo } from './io.ts';
import { type OutputFormat, listLines, objectLines } from './output.ts';
import { kindArgument, notFoundMessage, resourceArgument } from './resource-argument.ts';
import { TableLayout } from './table.ts';

export interface GetOptions {
  /** As the user typed it, `KIND/NAME` too; every kind where absent or `all`. */
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
  /** A label selector. */
  readonly selector?: string | undefined;
  readonly output?: OutputFormat | undefined;
  readonly watch?: boolean | undefined;
  /** Ends a watch. */
  readonly signal?: AbortSignal | undefined;
  readonly now?: () => Date;
}

/**
 * Prints resources as the daemon sees them.
 *
 * @returns The exit status: 1 where a named resource does not exist.
 */
export async function getCommand(client: DaemonClient, options: GetOptions, io: CommandIo): Promise<number> {
  const { kinds, key } = readArguments(options);
  if (key !== undefined && !options.watch) {
    const object = await client.get(key);
    if (object) printOne(object, options, io);
    else io.stderr(notFoundMessage(key));
    return object ? 0 : 1;
  }
  const filter = filterOf(key, options);
  const listings = await Promise.all(kinds.map((kind) => client.list(kind, filter)));
  const objects = listings.flatMap(({ items }) => items);
  if (key !== undefined && objects.length === 0) {
    io.stderr(notFoundMessage(key));
    return 1;
  }
  if (options.watch) return watchAll(client, kinds, filter, listings, options, io);
  printAll(kinds, objects, options, io);
  return 0;
}

function readArguments(options: GetOptions): { kinds: readonly Kind[]; key?: Key } {
  const { kind = 'all', name, namespace = 'default', allNamespaces, selector } = options;
  if (kind === 'all' && name === undefined) return { kinds: KINDS };
  if (name === undefined && !kind.includes('/')) return { kinds: [kindArgument(kind).kind] };
  if (allNamespaces) throw new CommandError('a resource cannot be retrieved by name across all namespaces');
  if (selector !== undefined) throw new CommandError('a selector and a name cannot be given together');
  const key = resourceArgument(name === undefined ? kind : `${kind}/${name}`, namespace);
  return { kinds: [parseKey(key).kind], key };
}

function filterOf(key: Key | undefined, options: GetOptions): ListFilter {
  if (key !== undefined) {
    const { namespace, name } = parseKey(key);
    return { namespace, name };
  }
  const { namespace = 'default', allNamespaces, selector } = options;
  return { namespace: allNamespaces ? undefined : namespace, labelSelector: selector };
}

function printOne(object: ApiObject, options: GetOptions, io: CommandIo): void {
  if (isTable(options.output)) printTable([object.kind], [object], options, io);
  else objectLines(object, options.output).forEach((line) => io.stdout(line));
}

function printAll(
  kinds: readonly Kind[],
  objects: readonly ApiObject[],
  options: GetOptions,
  io: CommandIo,
): void {
  if (!isTable(options.output)) {
    listLines(objects, options.output).forEach((line) => io.stdout(line));
  } else if (objects.length > 0) {
    printTable(kinds, objects, options, io);
  } else {
    const where = options.allNamespaces ? '' : ` in ${options.namespace ?? 'default'} namespace`;
    io.stderr(`No resources found${where}.`);
  }
}

/** One table for each kind that has objects, as `kubectl get all` prints them. */
function printTable(
  kinds: readonly Kind[],
  objects: readonly ApiObject[],
  options: GetOptions,
  io: CommandIo,
): void {
  const now = nowOf(options);
  kinds
    .map((kind) => ({ kind, ofKind: objects.filter((object) => object.kind === kind) }))
    .filter(({ ofKind }) => ofKind.length > 0)
    .forEach(({ kind, ofKind }, index) => {
      if (index > 0) io.stdout('');
      layoutFor(kind, kinds.length > 1, options)
        .lines(ofKind, now)
        .forEach((line) => io.stdout(line));
    });
}

function layoutFor(
  kind: Kind | undefined,
  kindsInNames: boolean,
  options: GetOptions,
): TableLayout<ApiObject> {
  return new TableLayout(
    chooseColumns(kind, {
      wide: options.output === 'wide',
      namespaces: options.allNamespaces ?? false,
      kinds: kindsInNames,
    }),
  );
}

/** Prints what there is, then every object that changes, in one table. */
async function watchAll(
  client: DaemonClient,
  kinds: readonly Kind[],
  filter: ListFilter,
  listings: readonly Listing<ApiObject>[],
  options: GetOptions,
  io: CommandIo,
): Promise<number> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, ...(options.signal ? [options.signal] : [])]);
  const print = rowPrinter(
    kinds,
    listings.flatMap(({ items }) => items),
    options,
    io,
  );
  const watches = kinds.map((kind, index) =>
    client
      .watch(kind, filter, {
        resourceVersion: listings[index]!.resourceVersion,
        signal,
        onChange: ({ object }) => print(object),
      })
      .finally(() => ended.abort()),
  );
  await Promise.all(watches);
  if (options.signal?.aborted === true) return 0;
  io.stderr('the daemon ended the watch');
  return 1;
}

function rowPrinter(
  kinds: readonly Kind[],
  objects: readonly ApiObject[],
  options: GetOptions,
  io: CommandIo,
): (object: ApiObject) => void {
  const { output } = options;
  if (!isTable(output)) {
    const print = (object: ApiObject): void => objectLines(object, output).forEach((line) => io.stdout(line));
    objects.forEach(print);
    return print;
  }
  const layout = layoutFor(kinds.length === 1 ? kinds[0] : undefined, kinds.length > 1, options);
  layout.lines(objects, nowOf(options)).forEach((line) => io.stdout(line));
  return (object) => io.stdout(layout.line(object, nowOf(options)));
}

function isTable(output: OutputFormat | undefined): output is 'wide' | undefined {
  return output === undefined || output === 'wide';
}

function nowOf({ now = () => new Date() }: GetOptions): Date {
  return now();
}
