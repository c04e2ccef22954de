import type { Kind } from '../api/key.ts';
import type { ApiEvent, ApiObject } from '../api/object.ts';
import type { Served } from './collection.ts';
import { type Column, EVENT_COLUMNS, columnsOf } from './columns.ts';

/** How much of each object a table's rows carry. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Whether the client asks for the form that `kubectl get` prints. */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.includes('as=Table;v=v1;g=meta.k8s.io') ?? false;
}

/** A `meta.k8s.io/v1` Table: what `kubectl get` prints. Every object is of the one kind. */
export function toTable(
  kind: string,
  objects: readonly Served[],
  options: { readonly resourceVersion: string; readonly include: IncludeObject; readonly now: Date },
): object {
  const columns = (kind === 'Event' ? EVENT_COLUMNS : columnsOf(kind as Kind)) as readonly Column<Served>[];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: options.resourceVersion },
    columnDefinitions: columns.map(({ title, wide }) => ({
      name: title,
      type: 'string',
      format: title === 'NAME' ? 'name' : '',
      description: title,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, options.now)),
      ...rowObject(object, options.include),
    })),
  };
}

function rowObject(object: ApiObject | ApiEvent, include: IncludeObject): object {
  switch (include) {
    case 'None':
      return {};
    case 'Metadata':
      return {
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      };
    case 'Object':
      return { object };
  }
}
