import { Subject } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { EngineParts } from '../../src/engine/engine-parts.ts';
import { EventLog } from '../../src/engine/event-log.ts';
import { ObjectStore } from '../../src/engine/object-store.ts';
import { RESYNC_PERIOD } from '../../src/engine/triggers.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { ManifestSource } from '../../src/source/snapshot.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An engine before it has read its manifests: it does nothing but what time tells it to. */
function idle() {
  const calls = { invalidateSlice: vi.fn(), invalidate: vi.fn(), forget: vi.fn(), lookAround: vi.fn() };
  const { invalidateSlice, invalidate, forget, lookAround } = calls;
  const now = (): Date => new Date();
  const parts = {
    source: new ManifestSource(),
    scan: () => new Promise(() => undefined),
    watch$: new Subject(),
    onMissedChange: () => undefined,
    monitors: { events$: new Subject(), running: () => true },
    view: { invalidateSlice, invalidate, lookAround, namespaces: { find: () => Promise.resolve([]) } },
    resolvers: { changed: () => false },
    nft: { answersAgain: () => false, committed: () => false },
    reconciler: { layout: layoutFor(), forget },
    objects: new ObjectStore({ now }),
    events: new EventLog({ now }),
    metrics: createMetrics(),
    logger: createLogger({ json: true, sink: { write: () => undefined } }),
    clock: { now: () => performance.now() },
    before: new Map(),
    save: () => Promise.resolve(true),
  } as unknown as EngineParts;
  return { engine: new Engine(parts), ...calls };
}

it('looks at a part again every two minutes, and every third time at everything of netfilter', async () => {
  const { engine, invalidateSlice, invalidate, forget, lookAround } = idle();
  engine.start();
  await vi.advanceTimersByTimeAsync(RESYNC_PERIOD - 1);
  expect(invalidateSlice).not.toHaveBeenCalled();
  const looksBefore = lookAround.mock.calls.length;
  for (const [slices, full] of [
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 2],
  ] as const) {
    await vi.advanceTimersByTimeAsync(RESYNC_PERIOD);
    expect(invalidateSlice).toHaveBeenCalledTimes(slices);
    expect(forget).toHaveBeenCalledTimes(full);
    expect(invalidate.mock.calls).toEqual(Array.from({ length: full }, () => ['netfilter']));
    expect(lookAround.mock.calls.length - looksBefore).toBe(slices);
  }
  await engine.stop();
  await vi.advanceTimersByTimeAsync(RESYNC_PERIOD);
  expect(invalidateSlice).toHaveBeenCalledTimes(6);
});
