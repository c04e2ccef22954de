import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementDifference, isEmptyDifference, renderDifference } from '../../src/netfilter/difference.ts';
import { ElementCollector, type ElementTable } from '../../src/netfilter/elements.ts';
import { key } from './fixture.ts';

const OWNER = key('Link/default/vm1');

type Texts = Record<string, Record<string, string>>;

function observed(sets: Texts): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(Object.entries(sets).map(([set, elements]) => [set, new Map(Object.entries(elements))]));
}

function desired(fill: (collector: ElementCollector) => void): ElementTable {
  const collector = new ElementCollector();
  fill(collector);
  return collector.table();
}

const NOTHING = desired(() => undefined);

describe('elementDifference', () => {
  it('is empty where the kernel has what is wanted', () => {
    const wanted = desired((collector) => {
      collector.add(OWNER, 'bridges', ['br0']);
      collector.add(OWNER, 'ingress4', ['10.0.0.1'], ['1:1']);
    });
    const difference = elementDifference(
      wanted,
      observed({ bridges: { '"br0"': '' }, ingress4: { '10.0.0.1': '1:1' } }),
    );
    expect(isEmptyDifference(difference)).toBe(true);
    expect(renderDifference(difference)).toBe('');
  });

  it('adds everything to a kernel that lists nothing', () => {
    const wanted = desired((collector) => collector.add(OWNER, 'bridges', ['br0']));
    const { additions, removals } = elementDifference(wanted, new Map());
    expect(removals).toEqual([]);
    expect(additions).toEqual([{ set: 'bridges', key: '"br0"', value: '', owner: OWNER }]);
  });

  it('removes what nobody wants', () => {
    const difference = elementDifference(NOTHING, observed({ bridges: { '"br9"': '' } }));
    expect(difference).toEqual({ removals: [{ set: 'bridges', key: '"br9"', value: '' }], additions: [] });
  });

  it('leaves sets alone that are not of this version', () => {
    expect(isEmptyDifference(elementDifference(NOTHING, observed({ unknown: { a: '' } })))).toBe(true);
  });
});

describe('renderDifference', () => {
  it('gives an element another limit in one transaction, whatever limit it had', () => {
    const wanted = desired((collector) => collector.add(OWNER, 'bandwidth_ingress', ['lx-vm1'], ['125000']));
    const difference = elementDifference(
      wanted,
      observed({ bandwidth_ingress: { '"lx-vm1"': 'limit rate 1e+22 bytes/week burst 0 bytes' } }),
    );
    expect(renderDifference(difference)).toBe(
      'delete element bridge lxcnet bandwidth_ingress { "lx-vm1" }\n' +
        'add element bridge lxcnet bandwidth_ingress { "lx-vm1" limit rate over 125000 bytes/second burst 65536 bytes }\n',
    );
  });

  it('removes single addresses from networks as prefixes, which nft 1.0.6 finds', () => {
    const stale = {
      network4: { '1:1 . 10.0.0.1': '', '1:1 . 10.0.0.0/8': '' },
      network_port6: { '1:1 . fd00::1 . 6 . 80': '' },
      peer4: { '1:1 . 10.0.0.1': '' },
    };
    expect(
      renderDifference(elementDifference(NOTHING, observed(stale)))
        .split('\n')
        .sort(),
    ).toEqual([
      '',
      'delete element inet lxcnet network4 { 1:1 . 10.0.0.1/32, 1:1 . 10.0.0.0/8 }',
      'delete element inet lxcnet network_port6 { 1:1 . fd00::1/128 . 6 . 80 }',
      'delete element inet lxcnet peer4 { 1:1 . 10.0.0.1 }',
    ]);
  });

  it('removes a changed value before it adds the new one', () => {
    const wanted = desired((collector) => collector.add(OWNER, 'ingress4', ['10.0.0.1'], ['2:2']));
    const difference = elementDifference(wanted, observed({ ingress4: { '10.0.0.1': '1:1' } }));
    expect(renderDifference(difference)).toBe(
      'delete element inet lxcnet ingress4 { 10.0.0.1 : 1:1 }\n' +
        'add element inet lxcnet ingress4 { 10.0.0.1 : 2:2 }\n',
    );
  });

  it('puts the elements of a set into one command, in the table of the set', () => {
    const wanted = desired((collector) => {
      collector.add(OWNER, 'bridges', ['br0']);
      collector.add(OWNER, 'bridges', ['br1']);
      collector.add(OWNER, 'macs', ['lx-vm1', '02:00:00:00:00:01']);
    });
    expect(renderDifference(elementDifference(wanted, new Map()))).toBe(
      'add element inet lxcnet bridges { "br0", "br1" }\n' +
        'add element bridge lxcnet macs { "lx-vm1" . 02:00:00:00:00:01 }\n',
    );
  });
});

describe('a difference that is carried out', () => {
  const elements = fc.dictionary(
    fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    fc.constantFrom('1:1', '2:2'),
    { noNullPrototype: true },
  );

  it('leaves nothing to do', () => {
    fc.assert(
      fc.property(elements, elements, (wanted, present) => {
        const table = desired((collector) => {
          for (const [address, id] of Object.entries(wanted))
            collector.add(OWNER, 'ingress4', [address], [id]);
        });
        const { removals, additions } = elementDifference(table, observed({ ingress4: present }));
        const kernel = new Map<string, string>(Object.entries(present));
        for (const element of removals) expect(kernel.delete(element.key)).toBe(true);
        for (const element of additions) {
          expect(kernel.has(element.key)).toBe(false);
          kernel.set(element.key, element.value);
        }
        expect(isEmptyDifference(elementDifference(table, new Map([['ingress4', kernel]])))).toBe(true);
      }),
    );
  });
});
