import type { Observable } from 'rxjs';
import type { Key } from '../api/key.ts';
import type { Manifest } from '../api/resource.ts';
import type { Netlink } from '../kernel/netlink.ts';
import type { Nft } from '../kernel/nft.ts';
import type { Resolvers } from '../kernel/resolvers.ts';
import type { KernelView } from '../kernel/view.ts';
import type { Scan } from '../source/scan.ts';
import type { ManifestSource } from '../source/snapshot.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { EventLog } from './event-log.ts';
import type { KernelMonitors } from './monitors.ts';
import type { ObjectStore } from './object-store.ts';
import type { Clock } from './queue.ts';
import type { Reconciler } from './reconciler.ts';
import type { ScanTrigger } from './triggers.ts';

/** What the engine is put together from. */
export interface EngineParts {
  readonly source: ManifestSource;
  readonly scan: (trigger: ScanTrigger) => Promise<Scan>;
  readonly watch$: Observable<void>;
  /** Called where a change of the manifests was found without a sign of the watch. */
  readonly onMissedChange: () => void;
  readonly monitors: KernelMonitors;
  readonly view: KernelView;
  readonly resolvers: Resolvers;
  readonly netlink: Netlink;
  readonly nft: Nft;
  readonly reconciler: Reconciler;
  readonly objects: ObjectStore;
  readonly events: EventLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What was in force when the daemon last ran. */
  readonly before: ReadonlyMap<Key, Manifest>;
  /** Called after a pass, to keep on disk what should outlive the daemon: also what stays without a manifest. */
  readonly save: (retained: readonly Manifest[]) => Promise<boolean>;
}
