import type { Instruments } from './instruments.ts';

/** The queue at the moment of a scrape. */
interface QueueReading {
  /** Waiting keys by priority. */
  readonly depth: ReadonlyMap<number, number>;
  /** Seconds, summed over the work in progress. */
  readonly unfinishedSeconds: number;
  /** Seconds that the longest of them has taken so far. */
  readonly longestRunningSeconds: number;
}

/** The work queue's metrics, named and labelled as controller-runtime does. */
export interface QueueMetrics {
  queueAdded(): void;
  queueRetried(): void;
  /** Seconds that a key waited. */
  observeQueueDuration(seconds: number): void;
  /** Seconds that working on a key took. */
  observeWorkDuration(seconds: number): void;
  /** Asks this function for depth and work in progress at each scrape. */
  readQueueWith(read: () => QueueReading): void;
}

/** An edit, drift, and the periodic look at everything. */
const PRIORITIES = [0, -10, -100];

/** controller-runtime's, so that its dashboards fit. */
const BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];

/** Makes the queue's metrics; `beforeScrape` is to be called before each one. */
export function createQueueMetrics(instruments: Instruments): QueueMetrics & { beforeScrape(): void } {
  const queue = { name: 'lxcnet', controller: 'lxcnet' };
  const labels = ['name', 'controller'] as const;
  const depth = instruments.gauge('workqueue_depth', 'Current depth of the work queue by priority.', [
    ...labels,
    'priority',
  ]);
  const adds = instruments.counter('workqueue_adds_total', 'Keys added to the work queue.', labels);
  const retries = instruments.counter('workqueue_retries_total', 'Keys added again after a failure.', labels);
  const waited = instruments.histogram(
    'workqueue_queue_duration_seconds',
    'How long a key stays in the work queue before it is worked on.',
    BUCKETS,
    labels,
  );
  const worked = instruments.histogram(
    'workqueue_work_duration_seconds',
    'How long working on a key takes.',
    BUCKETS,
    labels,
  );
  const unfinished = instruments.gauge(
    'workqueue_unfinished_work_seconds',
    'Work in progress that workqueue_work_duration_seconds has not seen yet.',
    labels,
  );
  const longest = instruments.gauge(
    'workqueue_longest_running_processor_seconds',
    'How long the longest work in progress has been running.',
    labels,
  );
  const seen = new Set(PRIORITIES);
  let read = (): QueueReading => ({ depth: new Map(), unfinishedSeconds: 0, longestRunningSeconds: 0 });

  adds.inc(queue, 0);
  retries.inc(queue, 0);
  waited.start(queue);
  worked.start(queue);
  return {
    queueAdded: () => adds.inc(queue),
    queueRetried: () => retries.inc(queue),
    observeQueueDuration: (seconds) => waited.observe(queue, seconds),
    observeWorkDuration: (seconds) => worked.observe(queue, seconds),
    readQueueWith(reader) {
      read = reader;
    },
    beforeScrape() {
      const reading = read();
      for (const priority of reading.depth.keys()) seen.add(priority);
      for (const priority of seen) {
        depth.set({ ...queue, priority: String(priority) }, reading.depth.get(priority) ?? 0);
      }
      unfinished.set(queue, reading.unfinishedSeconds);
      longest.set(queue, reading.longestRunningSeconds);
    },
  };
}
