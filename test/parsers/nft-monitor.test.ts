import { expect, it } from 'vitest';
import { netfilterEvents } from '../../src/kernel/nft-monitor.ts';

const GENERATION = 'generation 42 nft';
const OURS = { part: 'netfilter', process: 42, name: 'nft' };

const events = (...lines: string[]) => lines.flatMap(netfilterEvents());

it('a change of our tables is told with the process that made it, once', () => {
  expect(events('element inet lxcnet bridges', 'table bridge lxcnet', GENERATION)).toEqual([OURS]);
});

it('a change of another table is of interest where it has chains and rules, and then only for advice', () => {
  expect(events('rule inet other', GENERATION)).toEqual([{ part: 'foreign' }]);
  expect(events('chain ip lxcnet', GENERATION)).toEqual([{ part: 'foreign' }]);
  expect(events('element ip other s', GENERATION)).toEqual([]);
  expect(events('table arp other', GENERATION)).toEqual([]);
});

it('a generation of which nothing is told is none of ours', () => {
  expect(events(GENERATION)).toEqual([]);
  expect(events('\u0001\u0002 garbage', GENERATION)).toEqual([]);
});

it('each generation stands for itself', () => {
  expect(events('element inet lxcnet s', GENERATION, 'element ip x s', GENERATION)).toEqual([
    { ...OURS, sets: ['s'] },
  ]);
});

it('sets are named where nothing but their elements has changed', () => {
  const lines = ['element inet lxcnet s', 'element bridge lxcnet t', 'element inet lxcnet s'];
  expect(events(...lines, GENERATION)).toEqual([{ ...OURS, sets: ['s', 't'] }]);
  expect(events(...lines, 'rule inet lxcnet', GENERATION)).toEqual([OURS]);
  expect(events('element inet lxcnet', GENERATION)).toEqual([OURS]);
});

it('a process may have no name', () => {
  expect(events('rule inet lxcnet', 'generation 7 ')).toEqual([{ ...OURS, process: 7, name: '' }]);
});

it('lost events are told at once', () => {
  expect(events('lost')).toMatchObject([{ part: 'unknown', monitor: 'nft' }]);
});
