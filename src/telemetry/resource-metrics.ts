import { KINDS, type Key, type Kind, keyOf } from '../api/key.ts';
import type { ApiObject } from '../api/object.ts';
import { type ConditionType, STATUS_WORDS, type StatusWord, statusWord } from '../api/status.ts';
import type { Instruments } from './instruments.ts';

/** Metrics that follow from the resources and their conditions. */
export interface ResourceMetrics {
  /** Takes over all objects; the series of those that are gone go with them. */
  observeObjects(objects: readonly ApiObject[]): void;
  forget(key: Key): void;
}

interface Reading {
  readonly labels: { readonly kind: Kind; readonly namespace: string; readonly name: string };
  readonly ready: number;
  readonly stalled: number;
  readonly contested: number;
}

/** Makes the metrics of resources. */
export function createResourceMetrics({ gauge }: Instruments): ResourceMetrics {
  const labelNames = ['kind', 'namespace', 'name'] as const;
  const ready = gauge('lxcnet_resource_ready', 'Whether the kernel is as the resource says.', labelNames);
  const stalled = gauge(
    'lxcnet_resource_stalled',
    'Whether the resource needs an edit, or something in its way to go.',
    labelNames,
  );
  const contested = gauge(
    'lxcnet_resource_contested',
    'Whether something else keeps rewriting the resource, so that lxcnet has backed off.',
    labelNames,
  );
  const total = gauge('lxcnet_resources', 'Resources by kind and status.', ['kind', 'status']);
  const known = new Map<Key, Reading>();
  let last: readonly ApiObject[] | undefined;

  function forget(key: Key): void {
    const reading = known.get(key);
    if (!reading) return;
    ready.remove(reading.labels);
    stalled.remove(reading.labels);
    contested.remove(reading.labels);
    known.delete(key);
  }

  function observeOne(key: Key, { kind, metadata, status }: ApiObject): void {
    const labels = { kind, namespace: metadata.namespace ?? '', name: metadata.name };
    const isTrue = (type: ConditionType): number =>
      status.conditions.some((condition) => condition.type === type && condition.status === 'True') ? 1 : 0;
    const reading = {
      labels,
      ready: isTrue('Ready'),
      stalled: isTrue('Stalled'),
      contested: isTrue('Contested'),
    };
    const last = known.get(key);
    if (last?.ready !== reading.ready) ready.set(labels, reading.ready);
    if (last?.stalled !== reading.stalled) stalled.set(labels, reading.stalled);
    if (last?.contested !== reading.contested) contested.set(labels, reading.contested);
    known.set(key, reading);
  }

  function observeObjects(objects: readonly ApiObject[]): void {
    if (objects === last) return;
    last = objects;
    const gone = new Set(known.keys());
    const counts = new Map<string, number>();
    for (const object of objects) {
      const { kind, metadata } = object;
      const counted = `${kind}/${wordOf(object)}`;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
      if (kind === 'Namespace') continue; // has no conditions: there is nothing of it in the kernel
      const key = keyOf(kind, metadata.namespace ?? '', metadata.name);
      gone.delete(key);
      observeOne(key, object);
    }
    gone.forEach(forget);
    for (const kind of KINDS) {
      for (const status of STATUS_WORDS) total.set({ kind, status }, counts.get(`${kind}/${status}`) ?? 0);
    }
  }

  observeObjects([]);
  return { observeObjects, forget };
}

function wordOf({ kind, metadata, status }: ApiObject): StatusWord {
  return kind === 'Namespace' ? 'Current' : statusWord(metadata.generation, status);
}
