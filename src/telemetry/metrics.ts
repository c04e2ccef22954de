import * as prometheus from 'prom-client';
import { type EngineMetrics, createEngineMetrics } from './engine-metrics.ts';
import type { Instruments } from './instruments.ts';
import { type KernelCounters, createKernelCounters } from './kernel-counters.ts';
import { type KernelMetrics, createKernelMetrics } from './kernel-metrics.ts';
import { type QueueMetrics, createQueueMetrics } from './queue-metrics.ts';
import { type ResourceMetrics, createResourceMetrics } from './resource-metrics.ts';
import { type SourceMetrics, createSourceMetrics } from './source-metrics.ts';
import type { Key } from '../api/key.ts';

/** Every metric of the program; one instance per daemon. */
export interface Metrics
  extends
    QueueMetrics,
    EngineMetrics,
    SourceMetrics,
    KernelMetrics,
    Omit<KernelCounters, 'forget'>,
    Pick<ResourceMetrics, 'observeObjects'> {
  /** Takes away every series of one object. */
  forget(key: Key): void;
  /** Everything in the text format 0.0.4. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Gauges of prom-client that end in `_total`, which Prometheus keeps for counters. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** Milliseconds. The event loop's lag is measured by a timer; the default one of 10 would be most of what idling costs. */
const LAG_PRECISION = 250;

/** Makes the metrics in a registry of their own, every series of a closed set of labels at 0. */
export function createMetrics(): Metrics {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION });
  MISNAMED.forEach((name) => registry.removeSingleMetric(name));
  const instruments = createInstruments(registry);
  const { beforeScrape, ...queue } = createQueueMetrics(instruments);
  const counters = createKernelCounters(instruments);
  const resources = createResourceMetrics(instruments);
  return {
    ...queue,
    ...createEngineMetrics(instruments),
    ...createSourceMetrics(instruments),
    ...createKernelMetrics(instruments),
    ...counters,
    observeObjects: resources.observeObjects,
    forget(key) {
      counters.forget(key);
      resources.forget(key);
    },
    text() {
      beforeScrape();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function createInstruments(registry: prometheus.Registry): Instruments {
  const registers = [registry];
  return {
    counter(name, help, labelNames = []) {
      const counter = new prometheus.Counter({ name, help, labelNames, registers });
      return {
        inc: (labels, by = 1) => counter.inc(labels, by),
        remove: (labels) => counter.remove(labels),
      };
    },
    gauge(name, help, labelNames = []) {
      const gauge = new prometheus.Gauge({ name, help, labelNames, registers });
      return {
        set: (labels, value) => gauge.set(labels, value),
        remove: (labels) => gauge.remove(labels),
        clear: () => gauge.reset(),
      };
    },
    histogram(name, help, buckets, labelNames = []) {
      const histogram = new prometheus.Histogram({
        name,
        help,
        labelNames,
        buckets: [...buckets],
        registers,
      });
      return {
        observe: (labels, value) => histogram.observe(labels, value),
        start: (labels) => histogram.zero(labels),
      };
    },
  };
}
