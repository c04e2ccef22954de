import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementDifference, textsOf } from '../../src/netfilter/difference.ts';
import { ElementCollector, type ElementTable } from '../../src/netfilter/elements.ts';
import { unitsOf } from '../../src/netfilter/units.ts';
import { withhold } from '../../src/netfilter/withhold.ts';
import { key } from './fixture.ts';

/** Who has which address with which number, and what the numbers allow. */
interface State {
  readonly links: Readonly<Record<string, { readonly owner: string; readonly number: string }>>;
  readonly networks: readonly (readonly [number: string, network: string])[];
}

const owner = (name: string) => key(`Link/default/${name}`);

function tableOf({ links, networks }: State): ElementTable {
  const collector = new ElementCollector();
  for (const [address, link] of Object.entries(links)) {
    collector.add(owner(link.owner), 'egress4', [address], [link.number]);
    collector.add(owner(link.owner), 'sources4', [link.owner, address]);
  }
  for (const [number, network] of networks)
    collector.add(key('NetworkPolicy/default/p'), 'network4', [number, network]);
  return collector.table();
}

/** What an address may reach. */
function allowed(table: ElementTable, address: string): string[] {
  const number = table.get('egress4')?.get(address)?.value;
  const elements = [...(table.get('network4')?.keys() ?? [])].map((text) => text.split(' . '));
  return elements.filter(([its]) => its === number).map(([, network]) => network!);
}

function without(before: State, after: State, ...names: string[]) {
  const [old, desired] = [tableOf(before), tableOf(after)];
  const difference = elementDifference(desired, textsOf(old));
  const units = unitsOf({ desired, difference }, old)!;
  return { ...withhold({ desired, difference }, units, names, old), old, wanted: desired, units };
}

const [A, B] = ['1:1', '2:2'];
const [NET, OTHER] = ['10.1.0.0/16', '10.2.0.0/16'];

describe('a change without a part that is refused', () => {
  it('has everything of others', () => {
    const before: State = { links: {}, networks: [] };
    const links = { '10.0.0.1': { owner: 'vm1', number: A }, '10.0.0.2': { owner: 'vm2', number: A } };
    const { desired, difference } = without(before, { links, networks: [[A, NET]] }, owner('vm1'));
    expect([...desired.get('egress4')!.keys()]).toEqual(['10.0.0.2']);
    expect([...desired.get('sources4')!.keys()]).toEqual(['"vm2" . 10.0.0.2']);
    expect(difference.additions).toHaveLength(3);
  });

  it('leaves a link with the old number, and all that it allows, where the new one is refused', () => {
    const link = (number: string): State['links'] => ({ '10.0.0.1': { owner: 'vm1', number } });
    const { desired, waiting } = without(
      { links: link(A), networks: [[A, NET]] },
      { links: link(B), networks: [[B, OTHER]] },
      B,
    );
    expect(allowed(desired, '10.0.0.1')).toEqual([NET]);
    expect(waiting.map(({ name }) => name).sort()).toEqual([A, B]);
  });

  it('keeps two links together of which one takes over the address of the other', () => {
    const { desired, units } = without(
      { links: { '10.0.0.1': { owner: 'vm1', number: A } }, networks: [] },
      { links: { '10.0.0.1': { owner: 'vm2', number: B } }, networks: [] },
      owner('vm1'),
    );
    expect(units).toHaveLength(1);
    expect(desired.get('egress4')!.get('10.0.0.1')).toMatchObject({ owner: owner('vm1'), value: A });
  });

  it('is not possible where it is not known whose it is what has to go', () => {
    const difference = { removals: [{ set: 'bridges', key: '"br0"', value: '' }] as const, additions: [] };
    expect(unitsOf({ desired: new Map(), difference }, undefined)).toBeUndefined();
    expect(unitsOf({ desired: new Map(), difference }, new Map())).toMatchObject([
      { name: 'nobody', owners: new Set() },
    ]);
  });

  it('opens nothing that neither the old state nor the new one has open', () => {
    const numbers = [A, B, '3:3'];
    const state = fc.record({
      links: fc.dictionary(
        fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
        fc.record({ owner: fc.constantFrom('vm1', 'vm2'), number: fc.constantFrom(...numbers) }),
      ),
      networks: fc.uniqueArray(fc.tuple(fc.constantFrom(...numbers), fc.constantFrom(NET, OTHER)), {
        selector: (pair) => pair.join(' '),
      }),
    });
    const names = [...numbers, owner('vm1'), owner('vm2')];
    fc.assert(
      fc.property(state, state, fc.subarray(names), (before, after, refused) => {
        const { desired, difference, old, wanted } = without(before, after, ...refused);
        for (const address of desired.get('egress4')!.keys()) {
          const element = desired.get('egress4')!.get(address)!;
          const states = [old, wanted].filter(
            (table) => table.get('egress4')?.get(address)?.owner === element.owner,
          );
          const now = allowed(desired, address);
          const limits = states.map((table) => allowed(table, address));
          expect(limits.some((limit) => now.every((network) => limit.includes(network)))).toBe(true);
        }
        // Nobody sends from the address of another.
        for (const { key: pair, owner: sender } of desired.get('sources4')!.values())
          expect(sender).toBe(desired.get('egress4')!.get(pair.split(' . ')[1]!)?.owner ?? sender);
        // What is told to be in force follows from what is carried out.
        const left = elementDifference(desired, textsOf(old));
        const sorted = (list: readonly { set: string; key: string }[]): string[] =>
          list.map(({ set, key: text }) => `${set} ${text}`).sort();
        expect(sorted(left.additions)).toEqual(sorted(difference.additions));
        expect(sorted(left.removals)).toEqual(sorted(difference.removals));
      }),
      { numRuns: 2000 },
    );
  });
});
