import fc from 'fast-check';
import { expect, it } from 'vitest';
import { elementDifference, renderDifference } from '../../src/netfilter/difference.ts';
import { ElementCollector, type ElementTable } from '../../src/netfilter/elements.ts';
import { stepsOf } from '../../src/netfilter/steps.ts';
import { key } from './fixture.ts';

const OWNER = key('Link/default/vm1');

type Texts = Map<string, Map<string, string>>;

/** Addresses with their numbers, and what the numbers allow. */
type State = Readonly<{
  links: Readonly<Record<string, string>>;
  networks: readonly (readonly [string, string])[];
}>;

function tableOf({ links, networks }: State): ElementTable {
  const collector = new ElementCollector();
  for (const [address, number] of Object.entries(links)) collector.add(OWNER, 'egress4', [address], [number]);
  for (const [number, network] of networks) collector.add(OWNER, 'network4', [number, network]);
  return collector.table();
}

function textsOf(table: ElementTable): Texts {
  return new Map(
    [...table].map(([set, elements]) => [
      set,
      new Map([...elements].map(([text, { value }]) => [text, value])),
    ]),
  );
}

function stepsBetween(before: State, after: State): ReturnType<typeof stepsOf> {
  const [observed, desired] = [textsOf(tableOf(before)), tableOf(after)];
  return stepsOf(elementDifference(desired, observed), observed, textsOf(desired));
}

const OLD: State = { links: { '10.0.0.1': '1:1' }, networks: [['1:1', '10.9.0.0/16']] };

it('adds what a new number allows, then gives it, then removes what the old one allowed', () => {
  const after: State = { links: { '10.0.0.1': '2:2' }, networks: [['2:2', '10.9.0.0/16']] };
  expect(stepsBetween(OLD, after).map(renderDifference)).toEqual([
    'add element inet lxcnet network4 { 2:2 . 10.9.0.0/16 }\n',
    'delete element inet lxcnet egress4 { 10.0.0.1 : 1:1 }\nadd element inet lxcnet egress4 { 10.0.0.1 : 2:2 }\n',
    'delete element inet lxcnet network4 { 1:1 . 10.9.0.0/16 }\n',
  ]);
});

it('changes at once what a number allows that stays in use', () => {
  const after: State = { ...OLD, networks: [['1:1', '10.8.0.0/15']] };
  expect(stepsBetween(OLD, after).map(renderDifference)).toEqual([
    'delete element inet lxcnet network4 { 1:1 . 10.9.0.0/16 }\nadd element inet lxcnet network4 { 1:1 . 10.8.0.0/15 }\n',
  ]);
});

it('adds nothing in advance where something of that number is in the way', () => {
  const before: State = { ...OLD, networks: [...OLD.networks, ['2:2', '10.9.1.0/24']] };
  const after: State = { links: { '10.0.0.1': '2:2' }, networks: [['2:2', '10.9.0.0/16']] };
  expect(stepsBetween(before, after)[0]?.additions.map(({ set }) => set)).toEqual(['egress4', 'network4']);
});

it('needs no step where nothing differs', () => {
  expect(stepsBetween(OLD, OLD)).toEqual([]);
});

const number = fc.constantFrom('1:1', '2:2', '3:3');
const state = fc.record({
  links: fc.dictionary(fc.constantFrom('10.0.0.1', '10.0.0.2'), number, { noNullPrototype: true }),
  networks: fc.uniqueArray(fc.tuple(number, fc.constantFrom('10.8.0.0/16', '10.9.0.0/16'))),
});

it('lets every address do after each step what it may before or after, and all of it in the end', () => {
  fc.assert(
    fc.property(state, state, (before, after) => {
      const kernel = textsOf(tableOf(before));
      const ends = [allowedBy(kernel), allowedBy(textsOf(tableOf(after)))];
      for (const { removals, additions } of stepsBetween(before, after)) {
        for (const { set, key: text } of removals) expect(kernel.get(set)?.delete(text)).toBe(true);
        for (const { set, key: text, value } of additions) {
          expect(kernel.get(set)?.has(text)).toBe(false);
          kernel.get(set)?.set(text, value);
        }
        expect(ends).toContainEqual(allowedBy(kernel));
      }
      expect(kernel).toEqual(textsOf(tableOf(after)));
    }),
  );
});

function allowedBy(texts: Texts): string[] {
  return [...texts.get('egress4')!]
    .flatMap(([address, given]) =>
      [...texts.get('network4')!.keys()]
        .filter((text) => text.startsWith(`${given} `))
        .map((text) => `${address} ${text.split(' . ')[1]!}`),
    )
    .sort();
}
