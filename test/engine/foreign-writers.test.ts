import { expect, it } from 'vitest';
import { ForeignWriters } from '../../src/engine/foreign-writers.ts';

const event = (process: number, name = 'nft') => ({ part: 'netfilter', process, name }) as const;

it('who has changed our tables is told once', () => {
  const writers = new ForeignWriters();
  expect(writers.take()).toBeUndefined();
  for (const process of [7, 8, 7]) writers.note(event(process));
  writers.note({ part: 'host', group: 'link' });
  expect(writers.take()).toBe('process 7 (nft), process 8 (nft)');
  expect(writers.take()).toBeUndefined();
});

it('nobody is named by a name that says anything', () => {
  const writers = new ForeignWriters();
  writers.note(event(7, 'a) \u001b[31m'));
  expect(writers.take()).toBe('process 7');
});

it('of many only some are named', () => {
  const writers = new ForeignWriters();
  for (let process = 1; process <= 100; process++) writers.note(event(process, 'x'));
  expect(writers.take()).toBe('process 1 (x), process 2 (x), process 3 (x) and others');
});
