import { expect, it } from 'vitest';
import { OwnProcesses } from '../../src/kernel/own-processes.ts';

it('a process is ours while it runs and for a moment after, and not when the kernel gives its number to another', () => {
  let now = 0;
  const own = new OwnProcesses(() => now);
  void own.began(7);
  now = 60_000;
  expect(own.committed(7)).toBe(true);
  expect(own.committed(8)).toBe(false);
  own.ended();
  now += 1_000;
  expect(own.committed(7)).toBe(true);
  now += 60_000;
  expect(own.committed(7)).toBe(false);
  // Ours again, by chance.
  void own.began(7);
  expect(own.committed(7)).toBe(true);
});

it('tells of a transaction of ours that is in force, once the kernel has', async () => {
  const own = new OwnProcesses();
  const told: number[] = [];
  for (const pid of [7, 8]) void own.began(pid).then(() => told.push(pid));
  expect(own.committed(9)).toBe(false);
  expect(own.committed(8)).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([8]);
  expect(own.committed(7)).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([8, 7]);
});
