import { Subject, firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { coalesceMap } from '../../src/engine/coalesce.ts';
import { KeyedQueue } from '../../src/engine/queue.ts';
import { RemovalGate } from '../../src/engine/removal-gate.ts';

describe('KeyedQueue', () => {
  function queue(): { queue: KeyedQueue<string>; advance: (milliseconds: number) => void } {
    let now = 1_000;
    return {
      queue: new KeyedQueue<string>({ now: () => now }),
      advance: (milliseconds) => (now += milliseconds),
    };
  }

  it('holds an item once, gives out the urgent ones first, and again what came back meanwhile', () => {
    const { queue: items } = queue();
    items.add('resync', -100);
    items.add('edit', 0);
    items.add('edit', -100);
    expect(items.take()).toEqual(['edit', 'resync']);
    items.add('edit', -10);
    items.done();
    expect(items.take()).toEqual(['edit']);
  });

  it('waits longer after each failure, at most a minute, and not at all after a success', () => {
    const { queue: items, advance } = queue();
    const delays = Array.from({ length: 9 }, () => items.retry('a'));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
    expect(items.postponed()).toEqual(new Set(['a']));
    expect(items.take()).toEqual([]);
    advance(500);
    expect(items.take()).toEqual(['a']);
    items.forget('a');
    expect(items.retry('a')).toBe(500);
  });

  it('brings forward what is added again', () => {
    const { queue: items } = queue();
    items.retry('a');
    items.add('a', 0);
    expect(items.nextIn()).toBe(0);
    expect(items.postponed()).toEqual(new Set());
  });
});

describe('RemovalGate', () => {
  const set = (...names: readonly string[]): ReadonlyMap<Key, Manifest> =>
    new Map(
      names.map((name) => [
        name as Key,
        { key: name, resource: { metadata: { annotations: {} } } } as unknown as Manifest,
      ]),
    );
  const names = ({ manifests }: { manifests: ReadonlyMap<Key, Manifest> }): string[] =>
    [...manifests.keys()].sort();

  it('lets a resource go after half a second, and not if it comes back before', () => {
    const gate = new RemovalGate();
    gate.update(set('a', 'b'), 0);
    expect(gate.update(set('a'), 1_000)).toMatchObject({ nextAt: 1_500 });
    expect(names(gate.update(set('a'), 1_400))).toEqual(['a', 'b']);
    gate.update(set('a', 'b'), 1_450);
    expect(names(gate.update(set('a'), 1_600))).toEqual(['a', 'b']);
    expect(names(gate.update(set('a'), 2_100))).toEqual(['a']);
  });

  it('holds a removal of more than five and more than half until it is confirmed', () => {
    const gate = new RemovalGate();
    const all = Array.from({ length: 11 }, (_, index) => `r${index}`);
    gate.update(set(...all), 0);
    expect(gate.update(set(...all.slice(0, 5)), 0).held).toHaveLength(6);
    expect(names(gate.update(set(...all.slice(0, 5)), 10_000))).toHaveLength(11);
    expect(names(gate.update(set(...all.slice(0, 5)), 10_001, true))).toHaveLength(5);
  });

  it('remembers a confirmation that came before the removal was stable', () => {
    const gate = new RemovalGate();
    const all = Array.from({ length: 8 }, (_, index) => `r${index}`);
    gate.update(set(...all), 0);
    expect(names(gate.update(set('r0'), 10, true))).toHaveLength(8);
    const after = gate.update(set('r0'), 600);
    expect(after.held).toEqual([]);
    expect(names(after)).toEqual(['r0']);
  });

  it.each([
    [11, 6],
    [5, 0],
  ])('does not hold a removal of half, or of five: %i to %i', (before, after) => {
    const gate = new RemovalGate();
    const all = Array.from({ length: before }, (_, index) => `r${index}`);
    gate.update(set(...all), 0);
    expect(gate.update(set(...all.slice(0, after)), 0).held).toEqual([]);
  });
});

describe('coalesceMap', () => {
  it('runs one at a time, and once more for all that came meanwhile', async () => {
    const source = new Subject<number>();
    const started: number[] = [];
    const gates: (() => void)[] = [];
    const results = firstValueFrom(
      source.pipe(
        coalesceMap(async (value) => {
          started.push(value);
          await new Promise<void>((resolve) => gates.push(resolve));
          return value;
        }),
        toArray(),
      ),
    );
    for (const value of [1, 2, 3]) source.next(value);
    expect(started).toEqual([1]);
    gates[0]!();
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([1, 3]);
    source.complete();
    gates[1]!();
    expect(await results).toEqual([1, 3]);
  });
});
