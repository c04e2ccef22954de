import type { ApiObject } from '../api/object.ts';
import type { Kind } from '../api/key.ts';
import { COMMON_COLUMNS, type Column, columnsOf } from '../server/columns.ts';

interface ColumnChoice {
  /** Also the columns that are only printed with `-o wide`. */
  readonly wide: boolean;
  /** The namespace first, where objects of several are printed. */
  readonly namespaces: boolean;
  /** `bridge/br0` instead of `br0`, where several kinds are printed. */
  readonly kinds: boolean;
}

const namespace: Column<ApiObject> = {
  title: 'NAMESPACE',
  cell: ({ metadata }) => metadata.namespace ?? '',
};
const kindAndName: Column<ApiObject> = {
  title: 'NAME',
  cell: ({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`,
};

/** The columns that `get` prints for objects of one kind, or of any kind where none is given. */
export function chooseColumns(kind: Kind | undefined, choice: ColumnChoice): readonly Column<ApiObject>[] {
  const columns = (kind === undefined ? COMMON_COLUMNS : columnsOf(kind))
    .filter(({ wide = false }) => choice.wide || !wide)
    .map((column) => (choice.kinds && column.title === 'NAME' ? kindAndName : column));
  return choice.namespaces ? [namespace, ...columns] : columns;
}
