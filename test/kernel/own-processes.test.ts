import { expect, it } from 'vitest';
import { OwnProcesses } from '../../src/kernel/own-processes.ts';

it('a process is ours while it runs and for a moment after, and not when the kernel gives its number to another', () => {
  let now = 0;
  const own = new OwnProcesses(() => now);
  own.began(7);
  now = 60_000;
  expect(own.has(7)).toBe(true);
  expect(own.has(8)).toBe(false);
  own.ended();
  now += 1_000;
  expect(own.has(7)).toBe(true);
  now += 60_000;
  expect(own.has(7)).toBe(false);
  // Ours again, by chance.
  own.began(7);
  expect(own.has(7)).toBe(true);
});
