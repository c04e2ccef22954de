import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Subject } from 'rxjs';
import { Engine } from '../engine/engine.ts';
import { EventLog } from '../engine/event-log.ts';
import { ObjectStore } from '../engine/object-store.ts';
import type { HealthCheck } from '../engine/ports.ts';
import { retainedTexts, splitRetained } from '../engine/retained.ts';
import { SavedCounters } from '../engine/saved-counters.ts';
import { SavedState } from '../engine/saved-state.ts';
import { openKernel } from '../engine/session.ts';
import { TrialKeeper } from '../engine/trial-keeper.ts';
import { StateLock } from '../engine/state-lock.ts';
import { followKernel } from '../engine/monitors.ts';
import { onCommand } from '../kernel/command-report.ts';
import { createApiServer } from '../server/api-server.ts';
import { createMetricsServer } from '../server/metrics-server.ts';
import { SettledDirectory } from '../source/settled-directory.ts';
import { ManifestSource } from '../source/snapshot.ts';
import { watchDirectory } from '../source/watch.ts';
import { type Logger, createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { CounterReader } from './counters.ts';
import { programVersion } from './version.ts';

export interface RunOptions {
  readonly manifests: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly metricsAddress: string;
  readonly apiAddress?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** The daemon: runs until SIGTERM or SIGINT, then leaves the network as it is. @returns the exit status. */
export async function run(options: RunOptions): Promise<number> {
  const logger = createLogger({ level: options.logLevel });
  const version = programVersion();
  const root = resolve(options.manifests);
  const directory = new SettledDirectory(root);
  await mkdir(options.runtimeDir, { recursive: true });
  // Where it cannot be taken, the socket alone keeps a second daemon out.
  const lock = await StateLock.acquireIfPossible(options.stateDir, (error) =>
    logger.error('the state directory could not be locked', { error }),
  );

  const metrics = createMetrics();
  metrics.setBuildInfo({ version, revision: 'unknown' });
  onCommand(({ tool, seconds, failures }) => {
    metrics.observeKernelCommand(tool, seconds);
    failures.forEach((code) => metrics.kernelCommandFailed(tool, code));
  });
  const savedCounters = new SavedCounters(options.stateDir, metrics);
  await savedCounters.restore();
  const now = (): Date => new Date();
  const saved = new SavedState(options.stateDir);
  const { objects: persisted, sources } = await saved.load();
  const objects = new ObjectStore({ now, ...(persisted && { persisted }) });
  const events = new EventLog({ now, node: hostname(), uidOf: (key) => objects.get(key)?.metadata.uid });
  const source = new ManifestSource();
  const { files, retained: stayed } = splitRetained(sources);
  source.restore(files);
  let inForce: Readonly<Record<string, string>> | undefined;
  const trials = await TrialKeeper.load({
    stateDir: options.stateDir,
    inForce: () => inForce,
    events,
    logger,
  });
  const kernel = await openKernel(options, metrics.observeBatch);
  const monitors = followKernel();
  const missed$ = new Subject<void>();
  const engine = new Engine({
    source,
    // Whoever starts the program, or asks for a look, has finished writing.
    scan: async (trigger) => trials.take(await directory.scan(trigger !== 'start' && trigger !== 'request')),
    watch$: watchDirectory(root, {
      missed$,
      onProblem(error) {
        const message = `the manifest directory cannot be watched and is read every second: ${error.message}`;
        events.record({ type: 'Warning', reason: 'WatchFailed', message });
        logger.warn(message);
      },
    }),
    onMissedChange: () => missed$.next(),
    monitors,
    view: kernel.view,
    resolvers: kernel.resolvers,
    netlink: kernel.netlink,
    nft: kernel.nft,
    reconciler: kernel.reconciler,
    objects,
    events,
    metrics,
    logger,
    clock: { now: () => performance.now() },
    before: new Map([...stayed.map((manifest) => [manifest.key, manifest] as const), ...source.lastGood()]),
    save: (retained) => {
      const texts = { ...source.serialize(), ...retainedTexts(retained) };
      inForce = texts;
      return saveQuietly(() => saved.save(objects.serialize(), texts), logger);
    },
  });
  const readiness: HealthCheck[] = [
    { name: 'source-synced', failure: engine.readiness.source },
    { name: 'first-pass-done', failure: engine.readiness.pass },
    { name: 'monitors-running', failure: engine.readiness.monitors },
  ];
  const liveness: HealthCheck[] = [{ name: 'event-loop', failure: () => undefined }];
  const api = createApiServer({
    objects,
    events,
    actions: engine,
    trials,
    checks: readiness,
    logger,
    version,
    manifests: root,
  });
  const counters = new CounterReader({ kernel, engine, metrics, logger, saved: savedCounters });
  const refresh = (): Promise<void> => counters.refresh();
  const metricsServer = createMetricsServer({ metrics, refresh, liveness, readiness });

  const listen = async (): Promise<string> => {
    await api.listenSocket(join(options.runtimeDir, 'lxcnet.sock'));
    if (options.apiAddress !== undefined) await api.listenTcp(options.apiAddress);
    return metricsServer.listen(options.metricsAddress);
  };
  const metricsAddress = await listen().catch(async (error: unknown) => {
    // The shells would keep a daemon that is refused from ending.
    kernel.close();
    await lock?.release();
    throw error;
  });
  const stopped = stopSignal();
  process.on('SIGHUP', () => engine.rescan());
  engine.start();
  trials.start(() => engine.rescan());
  counters.start();
  logger.info('lxcnet is up', { version, manifests: root, metrics: metricsAddress });

  logger.info('stopping; the network stays as it is', { signal: await stopped });
  trials.stop();
  await counters.stop();
  await engine.stop();
  await Promise.all([api.close(), metricsServer.close()]);
  kernel.close();
  await lock?.release();
  return 0;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    // Listeners that stay: execa's own clean-up ends the process where it finds itself the only one.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => done(signal));
  });
}

/** A full disk must not stop the network from being kept right. @returns whether it was saved. */
async function saveQuietly(save: () => Promise<void>, logger: Logger): Promise<boolean> {
  try {
    await save();
    return true;
  } catch (error) {
    logger.error('the state could not be saved', { error });
    return false;
  }
}
