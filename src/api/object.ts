import type { Kind } from './key.ts';
import type { Resource } from './resource.ts';
import type { Status } from './status.ts';

/** Metadata as the API serves it: what the manifest says, and what the daemon adds. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly uid: string;
  /** Grows with every change of any object. */
  readonly resourceVersion: string;
  /** Grows by one with every change of the spec. */
  readonly generation: number;
  /** RFC 3339, when the daemon first saw the resource. */
  readonly creationTimestamp: string;
}

/** A resource as the API serves it. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Resource['spec'];
  readonly status: Status;
}

/** One change of the list of objects, in the shape of a Kubernetes watch event. */
export interface ObjectChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
}

/** A `v1` Event; repeats of the same object, reason and message are counted in one. */
export interface ApiEvent {
  readonly apiVersion: 'v1';
  readonly kind: 'Event';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: 'lxcnet' };
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}
