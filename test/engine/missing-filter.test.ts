import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/api/key.ts';
import { expectedFilter } from '../../src/engine/missing-filter.ts';
import { ElementCollector } from '../../src/netfilter/elements.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';

const VM1 = keyOf('Link', 'default', 'vm1');
const BR0 = keyOf('Bridge', '', 'br0');

describe('what has to be there', () => {
  const collector = new ElementCollector();
  collector.add(BR0, 'bridges', ['br0']);
  collector.add(BR0, 'bridge_macs', ['02:00:00:00:00:01']);
  collector.add(BR0, 'masquerade_bridge', ['br0']);
  collector.add(VM1, 'egress4', ['10.10.20.10'], ['1:4']);
  collector.add(keyOf('Link', 'default', 'vm2'), 'egress4', ['10.10.20.11'], ['1:4']);
  const setsIn = (layout: ReturnType<typeof layoutFor>): unknown =>
    expectedFilter(new Set([VM1, BR0]), collector.table(), layout).elements.map(({ set, values }) => [
      set.name,
      ...values,
    ]);

  it('is what decides about a Link and its Bridge, and nothing of others', () => {
    expect(setsIn(layoutFor())).toEqual([
      ['bridges', ['"br0"', '']],
      ['bridge_macs', ['02:00:00:00:00:01', '']],
      ['egress4', ['10.10.20.10', '1:4']],
    ]);
  });

  it('is nothing that this kernel cannot have', () => {
    const layout = layoutFor(new Set(['bridge-filter']));
    expect(setsIn(layout)).toEqual([
      ['bridges', ['"br0"', '']],
      ['egress4', ['10.10.20.10', '1:4']],
    ]);
    expect(expectedFilter(new Set([BR0]), collector.table(), layout).families).toEqual(['inet']);
  });

  it('are all chains of the tables', () => {
    const { chainSizes, replacement } = layoutFor();
    const chains = replacement.match(/^ {2}chain \S+ \{$/gm)!;
    expect(Object.keys(chainSizes)).toHaveLength(chains.length - 2); // both have the layout's
    expect(chainSizes['inet forward']).toBe(4);
  });
});
