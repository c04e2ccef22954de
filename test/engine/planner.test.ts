import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FullPlan, Planner } from '../../src/engine/planner.ts';
import { device } from '../controllers/fixture.ts';
import { CHANGES, NAMES, World, keyOf, link } from './planner-world.ts';

/*
 * A planner remembers. Whatever happens in the kernel, to the manifests and to the inventory, one after the other, it has
 * to plan what one without a memory does.
 */

describe('a planner with a memory', () => {
  it('plans what one without does', () => {
    const step = fc.record({
      change: fc.constantFrom(...Object.keys(CHANGES)),
      name: fc.constantFrom(...NAMES),
      choice: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const world = new World();
        const planner = new Planner();
        for (const { change, name, choice } of steps) {
          CHANGES[change]!(world, name, choice);
          const input = world.input();
          const planned = (by: Planner): Pick<FullPlan, 'plans' | 'notes' | 'operations'> => {
            const { plans, notes, operations } = by.plan(input, { allowRemovals: true });
            return { plans, notes, operations };
          };
          expect(planned(planner)).toEqual(planned(new Planner()));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('sees that the dnsmasq of a bridge has ended', () => {
    const world = new World();
    CHANGES['services of the bridge']!(world, '', 0);
    CHANGES.resolver!(world, '', 4);
    const planner = new Planner();
    const resolvers = (): string[] =>
      planner
        .plan(world.input(), { allowRemovals: true })
        .operations.flatMap(({ stage, object }) => (stage === 'resolve' ? [object] : []));
    expect(resolvers()).toEqual([]);
    CHANGES.resolver!(world, '', 0);
    world.resolvers = { ...world.resolvers, installed: true };
    expect(resolvers()).toEqual(['dnsmasq of br0/dns']);
  });

  it('has the same plan for a link about which nothing has changed', () => {
    const world = new World();
    const planner = new Planner();
    const before = planner.plan(world.input(), { allowRemovals: true }).plans;
    CHANGES.port!(world, 'a', 0);
    const after = planner.plan(world.input(), { allowRemovals: true }).plans;
    expect(after.get(keyOf('b'))).toBe(before.get(keyOf('b')));
    expect(after.get(keyOf('a'))).not.toBe(before.get(keyOf('a')));
  });
});

it('a veth that LXC has made is closed until it is marked and isolated, without a word about it', () => {
  const world = new World();
  world.declare(link('a', { container: { lxc: 'a' } }));
  world.interfaces.delete('lx-a');
  // LXC has moved its other end, and lxcnet has not touched it yet.
  world.set(device('vethX', { index: 20, kind: 'veth', peerIndex: 2, master: 'br0', peerNamespaceId: 1 }));
  const planner = new Planner();
  const strangers = (): readonly string[] => {
    const { netfilter } = planner.plan(world.input(), { allowRemovals: true });
    return [...(netfilter.desired.get('strangers')?.keys() ?? [])];
  };
  const plan = planner.plan(world.input(), { allowRemovals: true });
  const claims = plan.operations.flatMap(({ stage, claim }) => (stage === 'mark' ? (claim?.id ?? []) : []));
  expect(claims).toContain('vethX');
  expect(strangers()).toEqual(['"vethX"']);
  expect([...plan.notes.values()].flat()).toEqual([]);

  const marked = { alias: 'lxcnet:Link/default/a', isolated: true };
  world.set({ ...world.interfaces.get('vethX')!, ...marked });
  expect(strangers()).toEqual([]);

  // Somebody else's stays closed, and is told of.
  world.set(device('evil0', { index: 99, kind: 'veth', peerIndex: 7, master: 'br0' }));
  expect(strangers()).toEqual(['"evil0"']);
  const { notes } = planner.plan(world.input(), { allowRemovals: true });
  expect([...notes.values()].flat().map(({ reason }) => reason)).toEqual(['UndeclaredPort']);
});
