import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/api/key.ts';
import { ElementCollector } from '../../src/netfilter/elements.ts';
import { expectedFilter } from '../../src/netfilter/expected.ts';
import { elementQuery, whatIsMissing } from '../../src/netfilter/filter-presence.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';

const VM1 = keyOf('Link', 'default', 'vm1');
const BR0 = keyOf('Bridge', '', 'br0');

const expected = {
  layout: 'layout_1',
  chains: { 'inet forward': 2, 'bridge forward': 1 },
  elements: [
    { table: 'inet', set: 'bridges', key: '"br0"', value: '' },
    { table: 'inet', set: 'egress4', key: '10.10.20.10', value: '1:4' },
    { table: 'bridge', set: 'macs', key: '"lx-vm1" . 00:11:22:33:44:55', value: '' },
  ],
} as const;

const listing = (rules: number, layout = 'layout_1'): string =>
  JSON.stringify({
    nftables: [
      { metainfo: {} },
      { chain: { name: 'forward' } },
      { chain: { name: layout } },
      ...Array.from({ length: rules }, () => ({ rule: { chain: 'forward' } })),
    ],
  });

const block = (table: string, set: string, element: string): string =>
  `table ${table} lxcnet {\n\tset ${set} {\n\t\ttype x\n\t\telements = { ${element} }\n\t}\n}\n`;
const FOUND = [
  block('inet', 'bridges', '"br0"'),
  block('inet', 'egress4', '10.10.20.10 : 1:4').replace('\tset', '\tmap'),
  block('bridge', 'macs', '"lx-vm1" . 00:11:22:33:44:55 counter packets 7 bytes 80'),
];

describe('what is missing of the filter', () => {
  const missing = (tables: readonly string[], found = FOUND): string | undefined =>
    whatIsMissing(expected, tables, found.join(''));

  it('is nothing where all is there', () => {
    expect(missing([listing(2), listing(1)])).toBeUndefined();
  });

  it.each([
    ['a table', [listing(2), ''], 'the table bridge lxcnet is not there'],
    ['the layout', [listing(2, 'layout_2'), listing(1)], 'the table inet lxcnet is that of another version'],
    ['a rule', [listing(1), listing(1)], 'the chain forward of table inet lxcnet has 1 rules, not 2'],
    ['nothing, and a rule is there too many', [listing(2), listing(2)], 'bridge lxcnet has 2 rules, not 1'],
  ])('is told of %s', (_, tables, words) => {
    expect(missing(tables)).toContain(words);
  });

  it('is an element, or its value', () => {
    const tables = [listing(2), listing(1)];
    expect(missing(tables, FOUND.slice(0, 2))).toBe(
      'there is no lx-vm1 . 00:11:22:33:44:55 in macs of table bridge lxcnet',
    );
    const other = [FOUND[0]!, FOUND[1]!.replace('1:4', '1:5'), FOUND[2]!];
    expect(missing(tables, other)).toBe('10.10.20.10 in egress4 of table inet lxcnet is 1:5, not 1:4');
  });

  it('is asked for with one command per element', () => {
    expect(elementQuery(expected).split('\n')[2]).toBe(
      'get element bridge lxcnet macs { "lx-vm1" . 00:11:22:33:44:55 }',
    );
  });
});

describe('what has to be there', () => {
  it('is what decides about a Link and its Bridge, and nothing of others', () => {
    const collector = new ElementCollector();
    collector.add(BR0, 'bridges', ['br0']);
    collector.add(BR0, 'masquerade_bridge', ['br0']);
    collector.add(VM1, 'egress4', ['10.10.20.10'], ['1:4']);
    collector.add(keyOf('Link', 'default', 'vm2'), 'egress4', ['10.10.20.11'], ['1:4']);
    const { elements, layout } = expectedFilter(new Set([VM1, BR0]), collector.table(), layoutFor());
    expect(elements.map(({ set, key, value }) => [set, key, value])).toEqual([
      ['bridges', '"br0"', ''],
      ['egress4', '10.10.20.10', '1:4'],
    ]);
    expect(layout).toBe(layoutFor().chain);
  });

  it('knows every chain of the tables', () => {
    const { chainSizes, replacement } = layoutFor();
    const chains = replacement.match(/^ {2}chain \S+ \{$/gm)!;
    expect(Object.keys(chainSizes)).toHaveLength(chains.length - 2); // both have the layout's
    expect(chainSizes['inet forward']).toBe(4);
  });
});
