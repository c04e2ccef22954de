import { type Observable, mergeMap } from 'rxjs';
import type { Served, WatchEvent } from './collection.ts';
import type { Selection } from './selection.ts';

interface WatchScope {
  /** What an object matches for life: namespace and fields. */
  readonly inScope: Selection;
  /** What it may come to match, or cease to. */
  readonly byLabels: Selection;
  /** The objects in scope that exist now. */
  readonly present: readonly Served[];
  /** The resource version that the client knows; `Infinity` where it was told everything present. */
  readonly since: number;
}

/**
 * The changes as a client with a selector sees them: an object that begins to match is ADDED, one that ceases to match
 * is DELETED.
 */
export function followSelection(changes: Observable<WatchEvent>, scope: WatchScope): Observable<WatchEvent> {
  const { inScope, byLabels, present, since } = scope;
  // Whether the client has each object, by uid. Of one that changed after `since`, that cannot be told.
  const matched = new Map(
    present
      .filter(({ metadata }) => Number(metadata.resourceVersion) <= since)
      .map((object) => [object.metadata.uid, byLabels(object)]),
  );

  function hadBefore({ type, object }: WatchEvent): boolean {
    const known = matched.get(object.metadata.uid);
    if (known !== undefined) return known;
    if (type === 'ADDED') return false;
    return type === 'MODIFIED' || byLabels(object);
  }

  return changes.pipe(
    mergeMap((event): readonly WatchEvent[] => {
      const { type, object } = event;
      if (!inScope(object)) return [];
      const before = hadBefore(event);
      const after = type !== 'DELETED' && byLabels(object);
      if (type === 'DELETED') matched.delete(object.metadata.uid);
      else matched.set(object.metadata.uid, after);
      if (before && after) return [{ type: 'MODIFIED', object }];
      if (after) return [{ type: 'ADDED', object }];
      return before ? [{ type: 'DELETED', object }] : [];
    }),
  );
}
