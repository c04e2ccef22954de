import type { Kind } from '../api/key.ts';
import type { ApiEvent, ApiObject } from '../api/object.ts';
import type { ResourceOf } from '../api/resource.ts';
import type { LabelSelector } from '../api/selector.ts';
import { type Condition, statusWord } from '../api/status.ts';
import { formatAge } from './age.ts';

/** One printed column of a kind; `wide` ones are printed only where asked for. */
export interface Column<T> {
  readonly title: string;
  readonly wide?: boolean;
  cell(object: T, now: Date): string;
}

const NONE = '<none>';

function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? NONE : text;
}

const name: Column<ApiObject> = { title: 'NAME', cell: ({ metadata }) => metadata.name };
const age: Column<ApiObject> = {
  title: 'AGE',
  cell: ({ metadata }, now) => formatAge(metadata.creationTimestamp, now),
};
const status: Column<ApiObject> = {
  title: 'STATUS',
  cell: (object) => statusWord(object.metadata.generation, object.status),
};
const ready: Column<ApiObject> = {
  title: 'READY',
  cell: (object) => readyCondition(object)?.status ?? 'Unknown',
};
const wide: readonly Column<ApiObject>[] = [
  { title: 'REASON', wide: true, cell: (object) => orNone(decisiveCondition(object)?.reason) },
  { title: 'GENERATION', wide: true, cell: ({ metadata }) => String(metadata.generation) },
  { title: 'MESSAGE', wide: true, cell: (object) => orNone(decisiveCondition(object)?.message) },
];

/** A column made of the spec of one kind. */
function specColumn<K extends Kind>(
  title: string,
  cell: (spec: ResourceOf<K>['spec']) => string,
): Column<ApiObject> {
  return { title, cell: ({ spec }) => orNone(cell(spec as ResourceOf<K>['spec'])) };
}

const OWN_COLUMNS: Readonly<Record<Exclude<Kind, 'Namespace'>, readonly Column<ApiObject>[]>> = {
  Bridge: [
    {
      title: 'INTERFACE',
      cell: ({ metadata, spec }) => (spec as ResourceOf<'Bridge'>['spec']).interface ?? metadata.name,
    },
    specColumn<'Bridge'>('ADDRESSES', ({ addresses }) => addresses.join(',')),
  ],
  Link: [
    specColumn<'Link'>('BRIDGE', ({ bridge }) => bridge),
    specColumn<'Link'>('CONTAINER', ({ container: { lxc, netns, machine, pid } }) =>
      lxc !== undefined
        ? `lxc:${lxc}`
        : netns !== undefined
          ? `netns:${netns}`
          : machine !== undefined
            ? `machine:${machine}`
            : `pid:${String(pid)}`,
    ),
    specColumn<'Link'>('ADDRESSES', ({ addresses }) => addresses.join(',')),
  ],
  Route: [
    specColumn<'Route'>('TO', ({ to }) => to),
    specColumn<'Route'>('VIA', ({ type, via, nextHops }) =>
      type !== 'Unicast'
        ? type.toLowerCase()
        : (via ?? (nextHops ?? []).flatMap((hop) => hop.via ?? []).join(',')),
    ),
    specColumn<'Route'>(
      'INTERFACE',
      ({ interface: device, nextHops }) =>
        device ?? (nextHops ?? []).flatMap((hop) => hop.interface ?? []).join(','),
    ),
  ],
  PortForward: [
    specColumn<'PortForward'>('PORTS', ({ ports }) =>
      ports
        .map(
          ({ protocol, port, endPort }) => `${port}${endPort === undefined ? '' : `-${endPort}`}/${protocol}`,
        )
        .join(','),
    ),
    {
      title: 'LINK',
      cell: ({ metadata, spec }) => {
        const { link } = spec as ResourceOf<'PortForward'>['spec'];
        const elsewhere = link.namespace !== undefined && link.namespace !== metadata.namespace;
        return elsewhere ? `${link.namespace}/${link.name}` : link.name;
      },
    },
  ],
  NetworkPolicy: [
    specColumn<'NetworkPolicy'>('POD-SELECTOR', ({ podSelector }) => formatSelector(podSelector)),
  ],
};

/** The columns of a kind, in the order in which they are printed. */
export function columnsOf(kind: Kind): readonly Column<ApiObject>[] {
  // A Namespace has nothing in the kernel, and so no conditions; Kubernetes' word for it is Active.
  if (kind === 'Namespace') return [name, { title: 'STATUS', cell: () => 'Active' }, age];
  return [name, ...OWN_COLUMNS[kind], ready, status, age, ...wide];
}

/** The columns that every kind has. */
export const COMMON_COLUMNS: readonly Column<ApiObject>[] = [name, ready, status, age, ...wide];

export const EVENT_COLUMNS: readonly Column<ApiEvent>[] = [
  { title: 'LAST SEEN', cell: lastSeen },
  { title: 'TYPE', cell: ({ type }) => type },
  { title: 'REASON', cell: ({ reason }) => reason },
  {
    title: 'OBJECT',
    cell: ({ involvedObject: { kind, name: object } }) => `${kind.toLowerCase()}/${object}`,
  },
  { title: 'MESSAGE', cell: ({ message }) => message },
];

function lastSeen({ count, firstTimestamp, lastTimestamp }: ApiEvent, now: Date): string {
  const last = formatAge(lastTimestamp, now);
  return count === 1 ? last : `${last} (x${count} over ${formatAge(firstTimestamp, now)})`;
}

function readyCondition({ status: { conditions } }: ApiObject): Condition | undefined {
  return conditions.find(({ type }) => type === 'Ready');
}

/** What tells most about a resource: why it is stalled, or else why it is ready or not. */
function decisiveCondition(object: ApiObject): Condition | undefined {
  return object.status.conditions.find(({ type }) => type === 'Stalled') ?? readyCondition(object);
}

function formatSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const sets = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
    }
  });
  return [...equalities, ...sets].join(',');
}
