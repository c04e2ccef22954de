import { expect, it, vi } from 'vitest';
import { DesiredState } from '../../src/engine/desired-state.ts';
import { EventLog } from '../../src/engine/event-log.ts';
import { ObjectStore } from '../../src/engine/object-store.ts';
import { scanOfBefore } from '../../src/engine/trial.ts';
import { ManifestSource } from '../../src/source/snapshot.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { scanOf } from '../source/looks.ts';
import { bridge, route } from '../support/manifests.ts';

function scene() {
  const onMissedChange = vi.fn();
  const now = (): Date => new Date(0);
  const parts = {
    source: new ManifestSource(),
    objects: new ObjectStore({ now }),
    events: new EventLog({ now }),
    metrics: createMetrics(),
    logger: createLogger({ json: true, sink: { write: () => undefined } }),
    onMissedChange,
  };
  return { ...parts, desired: new DesiredState(parts, new Map()) };
}

const text = (...documents: object[]): string => documents.map((one) => JSON.stringify(one)).join('\n---\n');

it('a change that only the rescan has found is counted and told, since the watcher has missed it', async () => {
  const { desired, metrics, onMissedChange } = scene();
  const missed = async (): Promise<string> =>
    /^lxcnet_source_missed_changes_total (\d+)$/m.exec(await metrics.text())![1]!;
  desired.take('start', scanOf({ 'a.yaml': text(bridge('br0')) }), 0);
  desired.take('watch', scanOf({ 'a.yaml': text(bridge('br1')) }), 0);
  expect(desired.take('rescan', scanOf({ 'a.yaml': text(bridge('br1')) }), 0)).toBe(false);
  expect(await missed()).toBe('0');
  expect(onMissedChange).not.toHaveBeenCalled();
  expect(desired.take('rescan', scanOf({ 'a.yaml': text(bridge('br2')) }), 0)).toBe(true);
  expect(await missed()).toBe('1');
  expect(onMissedChange).toHaveBeenCalledTimes(1);
});

it('what was in force before a trial replaces everything at once, and is told', () => {
  const { desired } = scene();
  const many = Array.from({ length: 12 }, (_, index) =>
    route(`r${index}`, { to: `10.${index}.0.0/16`, via: '10.0.0.1' }),
  );
  desired.take('start', scanOf({ 'a.yaml': text(...many) }), 0);
  desired.refresh();
  const before = { 'b.yaml': text(bridge('br0')) };
  desired.take('request', scanOfBefore({ id: '', boot: '', deadline: 0, tried: '', before }), 0);
  desired.refresh();
  expect([...desired.manifests.keys()]).toEqual(['Bridge/br0']);
  expect([desired.heldBack, desired.removalsHeld]).toEqual([true, undefined]);
  desired.take('request', scanOfBefore({ id: '', boot: '', deadline: 0, tried: '', before: {} }), 0);
  desired.refresh();
  expect(desired.manifests.size).toBe(0);
  expect(desired.notes()).toEqual([expect.stringContaining('were not confirmed')]);
});

it('a removal is certain where a look that began half a second later misses it still, and not before', () => {
  const { desired } = scene();
  const both = scanOf({
    'a.yaml': text(route('one', { to: '10.1.0.0/16', via: '10.0.0.1' })),
    'b.yaml': text(route('two', { to: '10.2.0.0/16', via: '10.0.0.1' })),
  });
  const one = scanOf({ 'a.yaml': text(route('one', { to: '10.1.0.0/16', via: '10.0.0.1' })) });
  const look = (scan: ReturnType<typeof scanOf>, began: number): string[] => {
    desired.take('watch', scan, began);
    return desired.refresh().removed.map(String);
  };
  look(both, 0);
  expect(look(one, 1_000)).toEqual([]);
  expect(desired.nextRemovalAt).toBe(1_500);
  // However long that takes: the file was on its way to another name.
  expect(desired.refresh().removed).toEqual([]);
  expect(desired.take('watch', one, 1_499)).toBe(false);
  expect(look(both, 9_000)).toEqual([]);
  expect(desired.nextRemovalAt).toBeUndefined();
  expect(look(one, 10_000)).toEqual([]);
  expect(desired.take('removal', one, 10_500)).toBe(true);
  expect(desired.refresh().removed).toEqual(['Route/two']);
});
