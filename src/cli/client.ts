import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { type Key, type Kind, isNamespaced, parseKey } from '../api/key.ts';
import type { ApiEvent, ApiObject, ObjectChange } from '../api/object.ts';
import { KIND_INFO } from '../api/kind.ts';
import type { ReconcileOptions, ReconcileSummary } from '../engine/ports.ts';
import { RequestRefused, send } from './http.ts';

/** Which objects of a kind; without a namespace, those of all. */
export interface ListFilter {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly name?: string | undefined;
}

/** A list, and the version from which a watch goes on. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

interface EventChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiEvent;
}

/** What to watch, from where, and until when. */
interface WatchOptions<C> {
  readonly resourceVersion: string;
  onChange(change: C): void;
  readonly signal?: AbortSignal | undefined;
}

/** Talks to the daemon. Everything rejects with {@link DaemonUnavailable} where it is not there. */
export interface DaemonClient {
  list(kind: Kind, filter?: ListFilter, signal?: AbortSignal): Promise<Listing<ApiObject>>;
  /** `undefined` where there is no such resource. */
  get(key: Key): Promise<ApiObject | undefined>;
  /** Hands over changes; resolves when the daemon ends the watch, or the signal is aborted. */
  watch(kind: Kind, filter: ListFilter, options: WatchOptions<ObjectChange>): Promise<void>;
  events(filter?: EventFilter): Promise<Listing<ApiEvent>>;
  watchEvents(filter: EventFilter, options: WatchOptions<EventChange>): Promise<void>;
  reconcile(options: ReconcileOptions): Promise<ReconcileSummary>;
  /** The directory of manifests that it reads, absolute. */
  manifests(): Promise<string>;
  /** Has what is edited from now on go back unless it is confirmed in time. @returns the trial's id. */
  beginTrial(milliseconds: number): Promise<string>;
  /** Keeps what is on trial, or has it go back at once. */
  endTrial(keep: boolean): Promise<void>;
  /** What is in the kernel for a resource, as lines. */
  kernelFacts(key: Key): Promise<readonly string[]>;
}

interface EventFilter {
  readonly namespace?: string | undefined;
  /** Only events about this resource. */
  readonly about?: Key;
}

/** A client of the daemon that listens on a unix socket. */
export function createClient(socketPath: string): DaemonClient {
  async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await json(await send(socketPath, path, { signal }))) as T;
  }

  async function post<T>(path: string, body: object): Promise<T> {
    return (await json(await send(socketPath, path, { method: 'POST', body }))) as T;
  }

  async function list<T>(path: string, signal?: AbortSignal): Promise<Listing<T>> {
    const { items, metadata } = await read<{ items: T[]; metadata: { resourceVersion: string } }>(
      path,
      signal,
    );
    return { items, resourceVersion: metadata.resourceVersion };
  }

  async function watch<C>(path: string, options: WatchOptions<C>): Promise<void> {
    const { resourceVersion, onChange, signal } = options;
    const query = new URLSearchParams({ watch: 'true', resourceVersion });
    const joined = `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
    try {
      const response = await send(socketPath, joined, { signal });
      await forEachLine(response, (line) => onChange(JSON.parse(line) as C));
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  }

  return {
    list: (kind, filter = {}, signal) => list(listPath(kind, filter), signal),
    async get(key) {
      try {
        return await read<ApiObject>(objectPath(key));
      } catch (error) {
        if (error instanceof RequestRefused && error.reason === 'NotFound') return undefined;
        throw error;
      }
    },
    watch: (kind, filter, options) => watch(listPath(kind, filter), options),
    events: (filter = {}) => list(eventsPath(filter)),
    watchEvents: (filter, options) => watch(eventsPath(filter), options),
    reconcile: (options) => post<ReconcileSummary>('/lxcnet/v1/reconcile', options),
    async beginTrial(milliseconds) {
      return (await post<{ id: string }>('/lxcnet/v1/trial', { milliseconds })).id;
    },
    async endTrial(keep) {
      await post('/lxcnet/v1/trial/end', { keep });
    },
    async manifests() {
      return (await read<{ directory: string }>('/lxcnet/v1/manifests')).directory;
    },
    async kernelFacts(key) {
      const path = key.split('/').map(encodeURIComponent).join('/');
      return (await read<{ facts: readonly string[] }>(`/lxcnet/v1/kernel/${path}`)).facts;
    },
  };
}

/** Resolves at the end of the stream, also where it breaks off: the daemon went, which is the end of a watch. */
async function forEachLine(stream: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      lines.forEach(onLine);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
}

function basePath(kind: Kind): string {
  const { apiVersion } = KIND_INFO[kind];
  return apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
}

function collectionPath(kind: Kind, namespace: string | undefined): string {
  const inNamespace =
    namespace !== undefined && isNamespaced(kind) ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${basePath(kind)}${inNamespace}/${KIND_INFO[kind].plural}`;
}

function objectPath(key: Key): string {
  const { kind, namespace, name } = parseKey(key);
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

function listPath(kind: Kind, { namespace, labelSelector, name }: ListFilter): string {
  return withQuery(collectionPath(kind, namespace), {
    labelSelector,
    fieldSelector: name === undefined ? undefined : `metadata.name=${name}`,
  });
}

function eventsPath({ namespace, about }: EventFilter): string {
  const inNamespace = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return withQuery(`/api/v1${inNamespace}/events`, { fieldSelector: about && aboutSelector(about) });
}

function aboutSelector(key: Key): string {
  const { kind, namespace, name } = parseKey(key);
  return `involvedObject.kind=${kind},involvedObject.namespace=${namespace},involvedObject.name=${name}`;
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
