import type { Key } from '../api/key.ts';
import { parseKey } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import { type FieldError, formatFieldError } from '../source/field-error.ts';
import type { Scan } from '../source/scan.ts';
import type { ManifestSource, RemovalsHeld, Snapshot } from '../source/snapshot.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { EventLog } from './event-log.ts';
import type { ObjectStore } from './object-store.ts';
import { RemovalGate } from './removal-gate.ts';
import type { ScanTrigger } from './triggers.ts';

interface DesiredParts {
  readonly source: ManifestSource;
  readonly objects: ObjectStore;
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Called where the watcher had to be told of a change, instead of telling. */
  readonly onMissedChange: () => void;
}

/** What came and went since the last time. */
export interface DesiredChange {
  readonly changed: readonly Key[];
  readonly removed: readonly Key[];
}

/** Why a removal is not carried out. */
export interface PruneBlocked {
  readonly reason: string;
  readonly message: string;
}

const ALLOW_PRUNE = "'lxcnet reconcile --allow-prune' carries it out";
const LARGE_REMOVAL: PruneBlocked = {
  reason: 'LargeRemoval',
  message: `its manifest has gone with more than half of all; ${ALLOW_PRUNE}`,
};
const UNREADABLE_FILE: PruneBlocked = {
  reason: 'UnreadableFile',
  message:
    'a manifest file cannot be read, and what is missing may have moved to it; see the InvalidManifest events',
};

/** What is to be in the kernel: the newest manifests, and those whose removal is not certain yet. */
export class DesiredState {
  readonly #parts: DesiredParts;
  #gate: RemovalGate;
  #retained: readonly Manifest[] = [];
  #snapshot: Snapshot | undefined;
  #manifests: ReadonlyMap<Key, Manifest> = new Map();
  #heldBefore = 0;
  /** When the newest look at the directory began: what it says is not known to be so later. */
  #asOf = 0;
  #nextAt: number | undefined;
  #pruneBlocked: ReadonlyMap<Key, PruneBlocked> = new Map();

  /** @param before What was in force when the daemon last ran. */
  constructor(parts: DesiredParts, before: ReadonlyMap<Key, Manifest>) {
    this.#parts = parts;
    this.#gate = new RemovalGate(before);
  }

  /** What stays without a manifest. */
  get retained(): readonly Manifest[] {
    return this.#retained;
  }

  /** The manifests in force. */
  get manifests(): ReadonlyMap<Key, Manifest> {
    return this.#manifests;
  }

  /** Of the files, as they were last read. */
  get revision(): string {
    return this.#snapshot?.revision ?? '';
  }

  /** Whether the directory was read at least once. */
  get known(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Whether the manifests do not count, since they were on trial and not confirmed. */
  get heldBack(): boolean {
    return this.#snapshot?.goneBack === true;
  }

  /** When the next removal falls due, if a look that begins later still misses it; `undefined` where none is pending. */
  get nextRemovalAt(): number | undefined {
    return this.#nextAt;
  }

  /** Why nothing may be removed. */
  get removalsHeld(): RemovalsHeld | undefined {
    return this.#snapshot?.removalsHeld;
  }

  /** What is wrong with the newest version of a resource that is in force in an older one. */
  errorsOf(key: Key): readonly FieldError[] | undefined {
    return this.#snapshot?.invalidKeys.get(key);
  }

  /** Why a resource stays that no manifest says any more. */
  pruneBlockedOf(key: Key): PruneBlocked | undefined {
    return this.#pruneBlocked.get(key);
  }

  /**
   * Takes a look at the directory.
   *
   * @param began When it began, in milliseconds of a monotonic clock.
   * @returns whether it says anything new, or makes a removal certain.
   */
  take(trigger: ScanTrigger, scan: Scan, began: number): boolean {
    const { source, metrics, logger, onMissedChange } = this.#parts;
    const before = this.#snapshot;
    const snapshot = source.update(scan);
    this.#snapshot = snapshot;
    if (scan.state === 'read') this.#asOf = began;
    metrics.setSourceHeldBack(snapshot.goneBack === true);
    metrics.setSourceFiles(snapshot.files, snapshot.invalidFiles);
    metrics.setSourceRevision(snapshot.revision);
    if (scan.state === 'read') metrics.sourceRead(new Date());
    if (before?.revision === snapshot.revision && before.removalsHeld === snapshot.removalsHeld)
      return this.#nextAt !== undefined && this.#asOf >= this.#nextAt;
    if (trigger === 'rescan') {
      metrics.sourceChangeMissed();
      onMissedChange();
    }
    // What a trial has added goes with it: nobody has to be certain of that.
    if (snapshot.goneBack) this.#gate = new RemovalGate(snapshot.manifests);
    this.#report(trigger, snapshot);
    logger.info('read the manifests', {
      trigger,
      files: snapshot.files,
      resources: snapshot.manifests.size,
      errors: snapshot.errors.length,
    });
    return true;
  }

  /**
   * Lets go what may go. Time alone makes no removal certain: while the directory is being read it may say again what was
   * missing in it.
   *
   * @param confirmed Whether a large removal was confirmed.
   */
  refresh(confirmed = false): DesiredChange {
    const { objects, events, metrics } = this.#parts;
    const gated = this.#gate.update(
      this.#snapshot?.manifests ?? new Map<Key, Manifest>(),
      this.#asOf,
      confirmed,
    );
    if (gated.held.length > 0 && gated.held.length !== this.#heldBefore) {
      metrics.pruneBlocked('threshold');
      const message = `${gated.held.length} of ${gated.manifests.size} resources would be removed at once; ${ALLOW_PRUNE}`;
      events.record({ type: 'Warning', reason: 'PruneBlocked', message });
    }
    this.#heldBefore = gated.held.length;
    this.#nextAt = gated.nextAt;
    this.#pruneBlocked = new Map([
      ...(this.#snapshot?.missing ?? []).map((key) => [key, UNREADABLE_FILE] as const),
      ...gated.held.map((key) => [key, LARGE_REMOVAL] as const),
    ]);
    this.#retained = gated.retained;
    this.#manifests = gated.manifests;
    const { changed, removed } = objects.setManifests(gated.manifests);
    for (const key of removed) {
      metrics.forget(key);
      metrics.pruned(parseKey(key).kind);
    }
    return { changed, removed };
  }

  /** Lines for whoever asks why nothing is removed. */
  notes(): string[] {
    const held = this.removalsHeld;
    return [
      ...(this.heldBack
        ? ['the manifests were not confirmed: what was in force before stays until they change']
        : []),
      ...(held === 'empty_source' ? ['nothing is removed: the manifest directory has no manifests'] : []),
      ...(held === 'unreadable_source' ? ['nothing is removed: the manifest directory cannot be read'] : []),
      ...(held === 'incomplete_source' ? [`nothing is removed: ${UNREADABLE_FILE.message}`] : []),
      ...(this.#heldBefore > 0
        ? [`${this.#heldBefore} removals wait for 'lxcnet reconcile --allow-prune'`]
        : []),
    ];
  }

  #report(trigger: ScanTrigger, snapshot: Snapshot): void {
    const { events, metrics, logger } = this.#parts;
    if (snapshot.removalsHeld) {
      const { removalsHeld } = snapshot;
      metrics.pruneBlocked(removalsHeld === 'incomplete_source' ? 'unreadable_source' : removalsHeld);
      logger.warn('nothing is removed', { trigger, reason: snapshot.removalsHeld });
      if (removalsHeld === 'incomplete_source') {
        const message = `nothing is removed: ${UNREADABLE_FILE.message}`;
        events.record({ type: 'Warning', reason: 'PruneBlocked', message });
      }
    }
    for (const error of snapshot.errors) {
      const { file, line, column, subject, path, message } = error;
      events.record({ type: 'Warning', reason: 'InvalidManifest', message: formatFieldError(error) });
      logger.warn('a manifest has an error', {
        file,
        line,
        column,
        resource: subject,
        field: path,
        error: message,
      });
    }
  }
}
