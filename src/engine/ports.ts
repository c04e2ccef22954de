import type { Observable } from 'rxjs';
import type { Key } from '../api/key.ts';
import type { ApiEvent, ApiObject, ObjectChange } from '../api/object.ts';

/** Read access to the resources as the daemon sees them; what the API server needs of the engine. */
export interface ObjectReader {
  /** Every object, ordered by kind, namespace, name. */
  list(): readonly ApiObject[];
  get(key: Key): ApiObject | undefined;
  /** The newest resource version. */
  readonly resourceVersion: number;
  /**
   * The changes after a resource version, then those to come.
   *
   * @returns `undefined` where the version is too old to tell (Kubernetes' 410 Gone).
   */
  changesSince(resourceVersion: number): Observable<ObjectChange> | undefined;
}

/** Read access to recent events. */
export interface EventReader {
  list(): readonly ApiEvent[];
  readonly added$: Observable<ApiEvent>;
}

export interface ReconcileOptions {
  /** Carry out a removal that waits for a confirmation. */
  readonly allowPrune: boolean;
  /** Remove marked kernel objects that neither a manifest nor the inventory knows. */
  readonly pruneOrphans: boolean;
}

/** What one explicit reconciliation did. */
export interface ReconcileSummary {
  readonly resources: number;
  readonly ready: number;
  readonly writes: number;
  readonly milliseconds: number;
  /** Lines for the user: held removals, orphans, errors. */
  readonly notes: readonly string[];
}

/** What the API lets a client do. */
export interface EngineActions {
  /** Rescans the manifests, reconciles everything, and resolves when that pass is over. */
  reconcile(options: ReconcileOptions): Promise<ReconcileSummary>;
  /** What is in the kernel for a resource, as lines that people read. */
  kernelFacts(key: Key): Promise<readonly string[]>;
}

/** The checks behind /healthz and /readyz: name, and why it fails where it does. */
export interface HealthCheck {
  readonly name: string;
  /** `undefined` where the check passes. */
  failure(): string | undefined;
}
