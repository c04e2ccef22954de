import { EMPTY, NEVER, type Observable, Subject, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { coalesceMap } from '../../src/engine/coalesce.ts';
import { KeyedQueue } from '../../src/engine/queue.ts';

function watched() {
  let now = 0;
  const told: string[] = [];
  const queue = new KeyedQueue<string>(
    { now: () => now },
    {
      added: () => told.push('added'),
      retried: () => told.push('retried'),
      waited: (seconds) => told.push(`waited ${seconds}`),
      worked: (seconds) => told.push(`worked ${seconds}`),
    },
  );
  return { queue, told, at: (milliseconds: number) => (now = milliseconds) };
}

describe('what a queue tells of itself', () => {
  it('is an addition only where the item was not in it', () => {
    const { queue, told } = watched();
    queue.add('a', 0);
    queue.add('a', -10);
    queue.add('b', 0);
    expect(told).toEqual(['added', 'added']);
  });

  it('is how long items waited since they were first added, and how long work took', () => {
    const { queue, told, at } = watched();
    queue.add('a', 0);
    at(250);
    queue.add('a', 0);
    at(500);
    queue.take();
    at(2_500);
    queue.done();
    queue.done();
    expect(told).toEqual(['added', 'waited 0.5', 'worked 2']);
  });

  it('is a retry, too', () => {
    const { queue, told } = watched();
    queue.retry('a');
    expect(told).toEqual(['retried', 'added']);
  });

  it('is how many items wait per priority, and how long work has been under way', () => {
    const { queue, at } = watched();
    queue.add('a', 0);
    queue.add('b', 0);
    queue.take();
    queue.add('c', -100);
    queue.add('a', -10, 5_000);
    at(3_000);
    const { depth, ...seconds } = queue.reading();
    expect([...depth]).toEqual([
      [-100, 1],
      [-10, 1],
    ]);
    expect(seconds).toEqual({ unfinishedSeconds: 6, longestRunningSeconds: 3 });
    queue.done();
    expect(queue.reading()).toMatchObject({ unfinishedSeconds: 0, longestRunningSeconds: 0 });
  });
});

describe('a delayed item', () => {
  it('is not given out before its time', () => {
    const { queue, at } = watched();
    expect(queue.nextIn()).toBeUndefined();
    queue.add('late', 0, 700);
    queue.add('soon', -100, 200);
    expect(queue.nextIn()).toBe(200);
    at(200);
    expect(queue.take()).toEqual(['soon']);
    at(900);
    expect(queue.nextIn()).toBe(0);
    expect(queue.take()).toEqual(['late']);
  });

  it('is not put off by a later addition, which may make it more urgent', () => {
    const { queue, at } = watched();
    queue.add('a', -100, 200);
    queue.add('a', 0, 900);
    queue.add('b', -10, 200);
    at(200);
    expect(queue.take()).toEqual(['a', 'b']);
  });
});

describe('coalesceMap', () => {
  it('ends after the work that is under way, and the one run that is still due', () => {
    const source = new Subject<number>();
    const work = [new Subject<number>(), new Subject<number>()];
    const told: string[] = [];
    source.pipe(coalesceMap((index: number) => work[index]!)).subscribe({
      next: (value) => told.push(String(value)),
      complete: () => told.push('end'),
    });
    source.next(0);
    source.next(1);
    source.complete();
    work[0]!.next(10);
    work[0]!.complete();
    expect(told).toEqual(['10']);
    work[1]!.next(11);
    work[1]!.complete();
    expect(told).toEqual(['10', '11', 'end']);
  });

  it('ends at once without work', () => {
    const told: string[] = [];
    EMPTY.pipe(coalesceMap(() => NEVER)).subscribe({ complete: () => told.push('end') });
    expect(told).toEqual(['end']);
  });

  const failing: Observable<number> = throwError(() => new Error('no'));
  it.each<[string, Observable<number>, Observable<number>]>([
    ['the work', of(1), failing],
    ['the source', failing, NEVER],
  ])('passes on an error of %s', (_, source, work) => {
    const told: string[] = [];
    source.pipe(coalesceMap(() => work)).subscribe({ error: (error: Error) => told.push(error.message) });
    expect(told).toEqual(['no']);
  });

  it('stops the work when nobody listens any more', () => {
    const source = new Subject<number>();
    const work = new Subject<number>();
    const subscription = source.pipe(coalesceMap(() => work)).subscribe();
    source.next(1);
    expect(work.observed).toBe(true);
    subscription.unsubscribe();
    expect([work.observed, source.observed]).toEqual([false, false]);
  });
});
