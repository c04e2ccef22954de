import type { Observable } from 'rxjs';
import type { Key } from '../api/key.ts';
import type { ApiEvent, ApiObject, ObjectChange } from '../api/object.ts';
import type { LxcContainer } from '../api/lxc-container.ts';
import type { LxcProcess } from '../kernel/lxc.ts';

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
  /** Whether the manifests do not count, since they were on trial and not confirmed. */
  readonly heldBack: boolean;
  /** Lines for the user: held removals, orphans, errors. */
  readonly notes: readonly string[];
}

/** What the API lets a client do. */
export interface EngineActions {
  /** Rescans the manifests, reconciles everything, and resolves when that pass is over. */
  reconcile(options: ReconcileOptions): Promise<ReconcileSummary>;
  /** What is in the kernel for a resource, as lines that people read. */
  kernelFacts(key: Key): Promise<readonly string[]>;
  readonly lxc: LxcActions;
}

/** What `apply --confirm` asks of the daemon. */
export interface TrialActions {
  /** From now on what the directory says goes back to what is in force now, unless it is confirmed in time. */
  begin(milliseconds: number): Promise<TrialBegun>;
  /** Keeps what is on trial, or has it go back at once. @returns why that cannot be, where it cannot. */
  end(keep: boolean): Promise<string | undefined>;
}

export type TrialBegun = { readonly id: string } | { readonly refusal: string };

/** What LXC's hooks ask and tell. */
export interface LxcActions {
  /** Whether a container may be started: looks into the kernel for what of the filter it must not be without. */
  beforeStart(container: LxcContainer): Promise<StartVerdict>;
  /** A container has its network namespace, and does not run yet: has a pass make its Links, and tells whether they are Ready. */
  started(container: LxcContainer, process: LxcProcess): Promise<StartVerdict>;
  /** A container has stopped. */
  stopped(container: LxcContainer): void;
}

/** Whether a container that is being started may go on. */
export type StartVerdict =
  /** All is in place; or no Link names the container, and whether it may start is for the hook's options to say. */
  | { readonly verdict: 'go' | 'unnamed' }
  /** Something is missing, which may come (`wait`), or which waiting does not change (`never`). */
  | { readonly verdict: 'wait' | 'never'; readonly reason: string };

/** The checks behind /healthz and /readyz: name, and why it fails where it does. */
export interface HealthCheck {
  readonly name: string;
  /** `undefined` where the check passes. */
  failure(): string | undefined;
}
