import { type Observable, concat, filter, from, map } from 'rxjs';
import { isNamespaced, keyOf } from '../api/key.ts';
import type { ApiEvent, ApiObject } from '../api/object.ts';
import { KIND_INFO } from '../api/kind.ts';
import type { EventReader, ObjectReader } from '../engine/ports.ts';

/** What the API serves: a resource, or an event about one. */
export type Served = ApiObject | ApiEvent;

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Served;
}

/** Everything of one kind, as a Kubernetes API server offers it. */
export interface Collection {
  /** `v1`, or `GROUP/VERSION`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly resourceVersion: () => number;
  list(): readonly Served[];
  /** `namespace` is empty for kinds that have none. */
  get(namespace: string, name: string): Served | undefined;
  /** As {@link ObjectReader.changesSince}. */
  changesSince(resourceVersion: number): Observable<WatchEvent> | undefined;
}

/** The group of an `apiVersion`; empty for `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** `bridges.lxcnet.dev`, as Kubernetes names a collection in messages. */
export function qualifiedPlural({ apiVersion, plural }: Collection): string {
  const group = groupOf(apiVersion);
  return group === '' ? plural : `${plural}.${group}`;
}

/** The collections of every kind, and of events. */
export function createCollections(objects: ObjectReader, events: EventReader): readonly Collection[] {
  const kinds = Object.values(KIND_INFO).map(({ kind, apiVersion, plural, shortNames }): Collection => ({
    apiVersion,
    kind,
    plural,
    shortNames,
    namespaced: isNamespaced(kind),
    resourceVersion: () => objects.resourceVersion,
    list: () => objects.list().filter((object) => object.kind === kind),
    get: (namespace, name) => objects.get(keyOf(kind, namespace, name)),
    changesSince: (version) =>
      objects.changesSince(version)?.pipe(filter(({ object }) => object.kind === kind)),
  }));
  return [...kinds, eventCollection(events)];
}

function eventCollection(events: EventReader): Collection {
  const newest = (): number => Number(events.list().at(-1)?.metadata.resourceVersion ?? 0);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    namespaced: true,
    resourceVersion: newest,
    list: () => events.list(),
    get: (namespace, name) =>
      events.list().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    changesSince(version) {
      if (version > newest()) return undefined;
      const missed = events.list().filter(({ metadata }) => Number(metadata.resourceVersion) > version);
      return concat(from(missed), events.added$).pipe(map(asWatchEvent));
    },
  };
}

function asWatchEvent(event: ApiEvent): WatchEvent {
  return { type: event.count === 1 ? 'ADDED' : 'MODIFIED', object: event };
}
