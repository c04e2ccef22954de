import { expect, it } from 'vitest';
import { netfilterEvents } from '../../src/kernel/monitor.ts';

const GENERATION = '# new generation 7 by process 42 (nft)';
const OURS = { part: 'netfilter', process: 42, name: 'nft', certain: true };

const events = (...lines: string[]) => lines.flatMap(netfilterEvents());

it('a change of our tables is told with the process that made it, once', () => {
  expect(
    events('add element inet lxcnet bridges { "br0" }', 'delete table bridge lxcnet', GENERATION),
  ).toEqual([OURS]);
});

it('a change of another table is of interest where it has chains and rules, and then only for advice', () => {
  expect(events('add rule inet other c accept', GENERATION)).toEqual([{ part: 'foreign' }]);
  expect(events('add element ip other s { 10.0.0.1 }', GENERATION)).toEqual([]);
  expect(events('add table arp other', GENERATION)).toEqual([]);
});

it('a generation of which nothing is told may be one of ours', () => {
  expect(events(GENERATION)).toEqual([{ ...OURS, certain: false }]);
  expect(events('\u0001\u0002 garbage', GENERATION)).toEqual([{ ...OURS, certain: false }]);
});

it('each generation stands for itself', () => {
  expect(
    events('add element inet lxcnet s { 1 }', GENERATION, 'add element ip x s { 1 }', GENERATION),
  ).toEqual([{ ...OURS, sets: ['s'] }]);
});

it('sets are named where nothing but their elements has changed', () => {
  const lines = ['delete element inet lxcnet s { 1 }', 'add element bridge lxcnet t { 2 }'];
  expect(events(...lines, 'add element inet lxcnet s { 3 }', GENERATION)).toEqual([
    { ...OURS, sets: ['s', 't'] },
  ]);
  expect(events(...lines, 'add rule inet lxcnet forward accept', GENERATION)).toEqual([OURS]);
  expect(events('add element inet lxcnet \u0001garbage', GENERATION)).toEqual([OURS]);
});

it('lost events are told at once', () => {
  expect(events('# ERROR: We lost some netlink events!')).toMatchObject([
    { part: 'unknown', monitor: 'nft' },
  ]);
});
