import { randomUUID } from 'node:crypto';
import type { Observable } from 'rxjs';
import type { Key } from '../api/key.ts';
import type { ApiObject, ObjectChange, ObjectMeta } from '../api/object.ts';
import type { Manifest, Resource } from '../api/resource.ts';
import type { Condition, ConditionDraft, Status } from '../api/status.ts';
import { ObjectChanges } from './object-changes.ts';
import { sameConditions, stampConditions } from './object-conditions.ts';
import { compareKeys, digestOf } from './object-identity.ts';
import type { ObjectReader } from './ports.ts';

/** What outlives the daemon of one resource. */
interface PersistedObject {
  readonly uid: string;
  readonly generation: number;
  /** SHA-256 of the canonical spec. */
  readonly specHash: string;
  readonly creationTimestamp: string;
  readonly conditions: readonly Condition[];
  readonly lastHandledReconcileAt?: string;
}

/** What outlives the daemon of all resources; plain JSON. */
export interface PersistedObjects {
  readonly resourceVersion: number;
  readonly objects: Readonly<Record<string, PersistedObject>>;
}

interface ObjectStoreOptions {
  readonly now: () => Date;
  readonly uid?: () => string;
  readonly persisted?: PersistedObjects;
}

/** Room for versions that were given out after the state was last saved. */
const RESTART_GAP = 100_000;

interface Stored {
  readonly object: ApiObject;
  /** What the manifest said; the same value again is known to be unchanged without a look inside. */
  readonly resource: Resource;
  readonly specHash: string;
  /** The conditions of the run before, which tell since when a condition has been what it is. */
  readonly remembered: readonly Condition[];
}

/** The resources as the daemon sees them: manifests, joined with identity, generation and conditions. */
export class ObjectStore implements ObjectReader {
  readonly #now: () => Date;
  readonly #uid: () => string;
  readonly #stored = new Map<Key, Stored>();
  readonly #changes: ObjectChanges;
  #unclaimed: Map<string, PersistedObject>;
  #manifests: ReadonlyMap<Key, Manifest> | undefined;
  #order: readonly Key[] | undefined;
  #list: { readonly version: number; readonly objects: readonly ApiObject[] } | undefined;
  #version: number;

  constructor({ now, uid = randomUUID, persisted }: ObjectStoreOptions) {
    this.#now = now;
    this.#uid = uid;
    this.#unclaimed = new Map(Object.entries(persisted?.objects ?? {}));
    this.#version = persisted ? persisted.resourceVersion + RESTART_GAP : 0;
    this.#changes = new ObjectChanges(this.#version);
  }

  get resourceVersion(): number {
    return this.#version;
  }

  /** In the order of kinds, namespaces and names; the same list as long as nothing has changed. */
  list(): readonly ApiObject[] {
    if (this.#list?.version !== this.#version) {
      this.#order ??= [...this.#stored.keys()].sort(compareKeys);
      const objects = this.#order.map((key) => this.#stored.get(key)!.object);
      this.#list = { version: this.#version, objects };
    }
    return this.#list.objects;
  }

  get(key: Key): ApiObject | undefined {
    return this.#stored.get(key)?.object;
  }

  changesSince(resourceVersion: number): Observable<ObjectChange> | undefined {
    return this.#changes.since(resourceVersion, this.#version);
  }

  /**
   * Takes over the whole set of manifests.
   *
   * @returns The keys whose spec, labels or annotations are new or differ, and those that are gone.
   */
  setManifests(manifests: ReadonlyMap<Key, Manifest>): { changed: Key[]; removed: Key[] } {
    if (manifests === this.#manifests) return { changed: [], removed: [] };
    this.#manifests = manifests;
    const changed = [...manifests].filter(([key, { resource }]) => this.#set(key, resource));
    const removed = [...this.#stored.keys()].filter((key) => !manifests.has(key));
    removed.forEach((key) => this.#remove(key));
    if (manifests.size > 0) this.#unclaimed.clear();
    return { changed: changed.map(([key]) => key), removed };
  }

  /**
   * Sets the whole status of a resource, as of its present generation. Conditions that are only told while they hold
   * (Reconciling, Stalled, Contested) are left out where they do not.
   *
   * @returns Whether anything differs from before.
   */
  setConditions(
    key: Key,
    drafts: readonly ConditionDraft[],
    extra: { lastHandledReconcileAt?: string } = {},
  ): boolean {
    const stored = this.#stored.get(key);
    if (!stored) return false;
    const { object } = stored;
    const { generation } = object.metadata;
    const handled = extra.lastHandledReconcileAt ?? object.status.lastHandledReconcileAt;
    const before = object.status.conditions.length > 0 ? object.status.conditions : stored.remembered;
    const status: Status = {
      observedGeneration: generation,
      conditions: stampConditions(drafts, before, generation, toSeconds(this.#now())),
      ...(handled === undefined ? {} : { lastHandledReconcileAt: handled }),
    };
    if (sameStatus(object.status, status)) return false;
    this.#put(key, { ...stored, remembered: [], object: { ...object, status } }, 'MODIFIED');
    return true;
  }

  /** What {@link ObjectStoreOptions.persisted} takes back after a restart. */
  serialize(): PersistedObjects {
    const objects: Record<string, PersistedObject> = Object.fromEntries(this.#unclaimed);
    for (const [key, { object, specHash, remembered }] of this.#stored) {
      const { uid, generation, creationTimestamp } = object.metadata;
      const { conditions, lastHandledReconcileAt } = object.status;
      objects[key] = {
        uid,
        generation,
        specHash,
        creationTimestamp,
        conditions: conditions.length > 0 ? conditions : remembered,
        ...(lastHandledReconcileAt === undefined ? {} : { lastHandledReconcileAt }),
      };
    }
    return { resourceVersion: this.#version, objects };
  }

  #set(key: Key, resource: Resource): boolean {
    const stored = this.#stored.get(key);
    if (stored) return this.#update(key, stored, resource);
    const specHash = digestOf(resource.spec);
    const past = this.#unclaimed.get(key);
    const handled = past?.lastHandledReconcileAt;
    const object: ApiObject = {
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      metadata: {
        ...declaredMetadata(resource),
        uid: past?.uid ?? this.#uid(),
        resourceVersion: '',
        generation: past ? past.generation + (past.specHash === specHash ? 0 : 1) : 1,
        creationTimestamp: past?.creationTimestamp ?? toSeconds(this.#now()),
      },
      spec: resource.spec,
      // What held before a restart is not what was seen since: no condition before the first look.
      status: {
        observedGeneration: 0,
        conditions: [],
        ...(handled === undefined ? {} : { lastHandledReconcileAt: handled }),
      },
    };
    this.#order = undefined;
    this.#put(key, { object, resource, specHash, remembered: past?.conditions ?? [] }, 'ADDED');
    return true;
  }

  #update(key: Key, stored: Stored, resource: Resource): boolean {
    const { object } = stored;
    if (resource === stored.resource) return false;
    const specHash = digestOf(resource.spec);
    const declared = declaredMetadata(resource);
    const sameSpec = specHash === stored.specHash;
    if (sameSpec && sameMetadata(object.metadata, declared)) {
      this.#stored.set(key, { ...stored, resource });
      return false;
    }
    const generation = object.metadata.generation + (sameSpec ? 0 : 1);
    const metadata = { ...object.metadata, ...declared, generation };
    const updated = { ...object, metadata, spec: resource.spec };
    this.#put(key, { ...stored, resource, specHash, object: updated }, 'MODIFIED');
    return true;
  }

  #remove(key: Key): void {
    const { object } = this.#stored.get(key)!;
    this.#stored.delete(key);
    this.#order = undefined;
    this.#changes.add(++this.#version, { type: 'DELETED', object: versioned(object, this.#version) });
  }

  #put(key: Key, stored: Stored, type: 'ADDED' | 'MODIFIED'): void {
    const object = versioned(stored.object, ++this.#version);
    this.#stored.set(key, { ...stored, object });
    this.#changes.add(this.#version, { type, object });
  }
}

type DeclaredMetadata = Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>;

/** Namespaces get the label by which selectors find them by name, as the Kubernetes API server sets it. */
function declaredMetadata({ kind, metadata }: Resource): DeclaredMetadata {
  return kind === 'Namespace'
    ? { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name } }
    : metadata;
}

function sameMetadata(one: DeclaredMetadata, other: DeclaredMetadata): boolean {
  return digestOf([one.labels, one.annotations]) === digestOf([other.labels, other.annotations]);
}

function versioned(object: ApiObject, version: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function sameStatus(one: Status, other: Status): boolean {
  return (
    one.observedGeneration === other.observedGeneration &&
    one.lastHandledReconcileAt === other.lastHandledReconcileAt &&
    sameConditions(one.conditions, other.conditions)
  );
}

/** RFC 3339, UTC, to the second, as Kubernetes writes times. */
function toSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
