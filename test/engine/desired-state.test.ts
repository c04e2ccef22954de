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
  desired.take('start', scanOf({ 'a.yaml': text(bridge('br0')) }));
  desired.take('watch', scanOf({ 'a.yaml': text(bridge('br1')) }));
  expect(desired.take('rescan', scanOf({ 'a.yaml': text(bridge('br1')) }))).toBe(false);
  expect(await missed()).toBe('0');
  expect(onMissedChange).not.toHaveBeenCalled();
  expect(desired.take('rescan', scanOf({ 'a.yaml': text(bridge('br2')) }))).toBe(true);
  expect(await missed()).toBe('1');
  expect(onMissedChange).toHaveBeenCalledTimes(1);
});

it('what was in force before a trial replaces everything at once, and is told', () => {
  const { desired } = scene();
  const many = Array.from({ length: 12 }, (_, index) =>
    route(`r${index}`, { to: `10.${index}.0.0/16`, via: '10.0.0.1' }),
  );
  desired.take('start', scanOf({ 'a.yaml': text(...many) }));
  desired.refresh(0);
  const before = { 'b.yaml': text(bridge('br0')) };
  desired.take('request', scanOfBefore({ id: '', boot: '', deadline: 0, tried: '', before }));
  desired.refresh(0);
  expect([...desired.manifests.keys()]).toEqual(['Bridge/br0']);
  expect([desired.heldBack, desired.removalsHeld]).toEqual([true, undefined]);
  desired.take('request', scanOfBefore({ id: '', boot: '', deadline: 0, tried: '', before: {} }));
  desired.refresh(0);
  expect(desired.manifests.size).toBe(0);
  expect(desired.notes()).toEqual([expect.stringContaining('were not confirmed')]);
});
