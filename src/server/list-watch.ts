import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Collection, type Served, type WatchEvent, groupOf, qualifiedPlural } from './collection.ts';
import { pathOf } from './discovery.ts';
import { type Selection, selectByFields, selectByLabels } from './selection.ts';
import { StatusError } from './status-error.ts';
import { type IncludeObject, toTable, wantsTable } from './table.ts';
import { followSelection } from './watch-selection.ts';
import type { WatchStreams } from './watch-streams.ts';

const flag = z.enum(['true', 'false', '1', '0', '']).transform((text) => text === 'true' || text === '1');
const number = z
  .string()
  .regex(/^\d{0,15}$/, 'must be a number')
  .transform((text) => (text === '' ? undefined : Number(text)));

const listQuery = z.object({
  labelSelector: z.string().optional(),
  fieldSelector: z.string().optional(),
  includeObject: z.enum(['None', 'Metadata', 'Object']).default('Metadata'),
  watch: flag.default(false),
  resourceVersion: number.optional(),
  timeoutSeconds: number.optional(),
  sendInitialEvents: flag.default(false),
});
type ListQuery = z.output<typeof listQuery>;

interface PathParameters {
  readonly namespace?: string;
  readonly name?: string;
}

/** Serves list, get and watch of one collection. */
export function serveCollection(
  app: FastifyInstance,
  collection: Collection,
  streams: WatchStreams,
  now: () => Date,
): void {
  const base = pathOf(collection.apiVersion);
  const ofNamespace = `${base}/namespaces/:namespace/${collection.plural}`;
  const list = (request: FastifyRequest, reply: FastifyReply): unknown =>
    listOrWatch(collection, streams, now, request, reply);
  const get = (request: FastifyRequest): unknown => getOne(collection, now, request);
  app.get(`${base}/${collection.plural}`, list);
  if (collection.namespaced) app.get(ofNamespace, list);
  app.get(collection.namespaced ? `${ofNamespace}/:name` : `${base}/${collection.plural}/:name`, get);
}

function getOne(collection: Collection, now: () => Date, request: FastifyRequest): unknown {
  const { namespace = '', name = '' } = request.params as PathParameters;
  const { includeObject } = parseQuery(request.query);
  const object = collection.get(namespace, name);
  if (object) return encoderOf(collection, request, includeObject, now)(object);
  const details = { name, group: groupOf(collection.apiVersion), kind: collection.plural };
  throw new StatusError('NotFound', `${qualifiedPlural(collection)} "${name}" not found`, details);
}

function listOrWatch(
  collection: Collection,
  streams: WatchStreams,
  now: () => Date,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  const query = parseQuery(request.query);
  const { namespace } = request.params as PathParameters;
  const byFields = selectByFields(collection.kind, query.fieldSelector);
  const inScope: Selection = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && byFields(object);
  const byLabels = selectByLabels(query.labelSelector);
  const encode = encoderOf(collection, request, query.includeObject, now);
  if (query.watch) return watch(collection, streams, { query, inScope, byLabels, encode }, reply);
  const items = collection.list().filter((object) => inScope(object) && byLabels(object));
  const resourceVersion = String(collection.resourceVersion());
  if (wantsTable(request.headers.accept)) {
    return toTable(collection.kind, items, { resourceVersion, include: query.includeObject, now: now() });
  }
  const { apiVersion, kind } = collection;
  return { kind: `${kind}List`, apiVersion, metadata: { resourceVersion }, items };
}

interface WatchRequest {
  readonly query: ListQuery;
  readonly inScope: Selection;
  readonly byLabels: Selection;
  readonly encode: (object: Served) => object;
}

function watch(
  collection: Collection,
  streams: WatchStreams,
  { query, inScope, byLabels, encode }: WatchRequest,
  reply: FastifyReply,
): FastifyReply {
  if (query.sendInitialEvents) {
    throw new StatusError('Invalid', 'sendInitialEvents: Forbidden: list first, then watch');
  }
  const since = query.resourceVersion ?? 0;
  const fromScratch = since === 0;
  const changes = collection.changesSince(fromScratch ? collection.resourceVersion() : since);
  if (!changes) throw new StatusError('Expired', `too old resource version: ${since}`);
  const present = collection.list().filter(inScope);
  const initial = fromScratch ? present.filter(byLabels) : [];
  streams.open(
    reply,
    initial.map((object) => line({ type: 'ADDED', object }, encode)),
    followSelection(changes, { inScope, byLabels, present, since: fromScratch ? Infinity : since }),
    (event) => line(event, encode),
    query.timeoutSeconds,
  );
  return reply;
}

function line({ type, object }: WatchEvent, encode: (object: Served) => object): string {
  return `${JSON.stringify({ type, object: encode(object) })}\n`;
}

function encoderOf(
  { kind }: Collection,
  request: FastifyRequest,
  include: IncludeObject,
  now: () => Date,
): (object: Served) => object {
  if (!wantsTable(request.headers.accept)) return (object) => object;
  return (object) =>
    toTable(kind, [object], { resourceVersion: object.metadata.resourceVersion, include, now: now() });
}

function parseQuery(query: unknown): ListQuery {
  const parsed = listQuery.safeParse(query);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new StatusError(
    'BadRequest',
    `cannot read the query parameter ${issue.path.join('.')}: ${issue.message}`,
  );
}
