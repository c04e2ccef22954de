import type { Instruments } from './instruments.ts';

const SYNC_RESULTS = ['success', 'error'] as const;
type GitSyncResult = (typeof SYNC_RESULTS)[number];

/** Metrics of where the manifests come from: the directory, and what publishes into it. */
export interface SourceMetrics {
  setSourceFiles(files: number, invalid: number): void;
  /** The time of the last complete scan. */
  sourceRead(at: Date): void;
  /** A scan found what the watcher had not told. */
  sourceChangeMissed(count?: number): void;
  setSourceRevision(revision: string): void;
  /** Whether the manifests do not count, since they were on trial and not confirmed. */
  setSourceHeldBack(held: boolean): void;
  gitSynced(result: GitSyncResult, at: Date): void;
}

/** Makes the metrics of the manifests' source. */
export function createSourceMetrics({ counter, gauge }: Instruments): SourceMetrics {
  const files = gauge('lxcnet_source_files', 'Manifest files.');
  const invalidFiles = gauge('lxcnet_source_invalid_files', 'Manifest files with an error.');
  const lastRead = gauge(
    'lxcnet_source_last_success_timestamp_seconds',
    'When the manifest directory was last read completely.',
  );
  const missed = counter(
    'lxcnet_source_missed_changes_total',
    'Changes that a scan found and the watcher had not told.',
  );
  const revisionInfo = gauge('lxcnet_source_revision_info', 'The digest of the manifests; always 1.', [
    'revision',
  ]);
  const heldBack = gauge(
    'lxcnet_source_held_back',
    '1 while the manifests do not count, since they were on trial and not confirmed.',
  );
  const syncs = counter('lxcnet_git_sync_total', 'Synchronisations with the Git repository.', ['result']);
  const lastSync = gauge(
    'lxcnet_git_last_success_timestamp_seconds',
    'When the Git repository was last synchronised.',
  );

  for (const result of SYNC_RESULTS) syncs.inc({ result }, 0);
  return {
    setSourceFiles(count, invalid) {
      files.set({}, count);
      invalidFiles.set({}, invalid);
    },
    sourceRead: (at) => lastRead.set({}, at.getTime() / 1000),
    sourceChangeMissed: (count) => missed.inc({}, count),
    setSourceRevision(revision) {
      revisionInfo.clear();
      revisionInfo.set({ revision }, 1);
    },
    setSourceHeldBack: (held) => heldBack.set({}, held ? 1 : 0),
    gitSynced(result, at) {
      syncs.inc({ result });
      if (result === 'success') lastSync.set({}, at.getTime() / 1000);
    },
  };
}
