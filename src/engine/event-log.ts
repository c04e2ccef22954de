import { randomUUID } from 'node:crypto';
import { type Observable, Subject } from 'rxjs';
import { type Key, parseKey } from '../api/key.ts';
import type { ApiEvent } from '../api/object.ts';
import { KIND_INFO } from '../api/kind.ts';
import type { EventReader } from './ports.ts';

const KEPT_EVENTS = 1000;

/** Kubernetes' own limit. */
const LONGEST_MESSAGE = 1024;

interface EventLogOptions {
  readonly now: () => Date;
  readonly uid?: () => string;
  /** The uid of a resource, by which kubectl finds its events. */
  readonly uidOf?: (key: Key) => string | undefined;
  /** The host's name, for what concerns no single resource. */
  readonly node?: string;
}

/** What happened, before it has a name and a time. */
interface EventDraft {
  /** The resource; absent for what concerns the whole host. */
  readonly key?: Key;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The newest events; repeats of the same object, reason and message are counted in one. */
export class EventLog implements EventReader {
  readonly #now: () => Date;
  readonly #uid: () => string;
  readonly #uidOf: (key: Key) => string | undefined;
  readonly #node: string;
  /** Oldest first, by what makes two events the same. */
  readonly #events = new Map<string, ApiEvent>();
  readonly #added = new Subject<ApiEvent>();
  #version = 0;

  constructor({ now, uid = randomUUID, uidOf = () => undefined, node = 'localhost' }: EventLogOptions) {
    this.#now = now;
    this.#uid = uid;
    this.#uidOf = uidOf;
    this.#node = node;
  }

  /** Every event as it is recorded, also each time it is counted again. */
  get added$(): Observable<ApiEvent> {
    return this.#added.asObservable();
  }

  /** Every event, the one that happened last at the end. */
  list(): readonly ApiEvent[] {
    return [...this.#events.values()];
  }

  record({ key, type, reason, message: whole }: EventDraft): void {
    const message = whole.slice(0, LONGEST_MESSAGE);
    const identity = JSON.stringify([key ?? '', type, reason, message]);
    const time = this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const resourceVersion = String(++this.#version);
    const known = this.#events.get(identity);
    const event: ApiEvent = known
      ? {
          ...known,
          metadata: { ...known.metadata, resourceVersion },
          count: known.count + 1,
          lastTimestamp: time,
        }
      : this.#first({ type, reason, message }, this.#involved(key), time, resourceVersion);
    this.#events.delete(identity);
    this.#events.set(identity, event);
    if (this.#events.size > KEPT_EVENTS) this.#events.delete(this.#events.keys().next().value!);
    this.#added.next(event);
  }

  #first(
    { type, reason, message }: EventDraft,
    involvedObject: ApiEvent['involvedObject'],
    time: string,
    resourceVersion: string,
  ): ApiEvent {
    const uid = this.#uid();
    const name = `${involvedObject.name}.${uid.replaceAll('-', '').slice(0, 16)}`;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: involvedObject.namespace ?? 'default', uid, resourceVersion },
      involvedObject,
      type,
      reason,
      message,
      source: { component: 'lxcnet' },
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
    };
  }

  #involved(key: Key | undefined): ApiEvent['involvedObject'] {
    if (key === undefined) return { apiVersion: 'v1', kind: 'Node', name: this.#node };
    const { kind, namespace, name } = parseKey(key);
    const { apiVersion } = KIND_INFO[kind];
    const uid = this.#uidOf(key);
    return {
      apiVersion,
      kind,
      ...(namespace === '' ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
    };
  }
}
