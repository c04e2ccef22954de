import { expect, it, vi } from 'vitest';
import { WorkLoop } from '../../src/engine/work-loop.ts';

/** A loop whose runs end when they are told to. */
function looped() {
  const ends: (() => void)[] = [];
  const work = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
  const loop = new WorkLoop<string>({ now: () => performance.now() }, {}, work);
  loop.start();
  const add = (item: string, delay = 0): void => {
    loop.queue.add(item, 0, delay);
    loop.wake();
  };
  return { loop, work, add, end: () => ends.shift()!() };
}

it('works on what is due, one run at a time, and once more for what came meanwhile', async () => {
  const { loop, work, add, end } = looped();
  add('a');
  add('b');
  add('c');
  expect(work).toHaveBeenCalledTimes(1);
  end();
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(2));
  end();
  await loop.stop();
  expect(work).toHaveBeenCalledTimes(2);
});

it('waits for what is due later', async () => {
  const { loop, work, add, end } = looped();
  add('a', 20);
  expect(work).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(1));
  end();
  await loop.stop();
});

it('tells the end of the next run, not of the one that is under way', async () => {
  const { loop, work, add, end } = looped();
  add('a');
  let over = false;
  void loop.nextRun().then(() => (over = true));
  add('b');
  end();
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(2));
  expect(over).toBe(false);
  end();
  await vi.waitFor(() => expect(over).toBe(true));
  await loop.stop();
});

it('begins nothing after it was stopped, and lets what runs come to its end', async () => {
  const { loop, work, add, end } = looped();
  add('a');
  const stopped = loop.stop();
  add('b');
  end();
  await stopped;
  expect(work).toHaveBeenCalledTimes(1);
});
