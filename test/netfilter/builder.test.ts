import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Manifest } from '../../src/api/resource.ts';
import { type NetfilterContext, NetfilterBuilder, buildNetfilter } from '../../src/netfilter/build.ts';
import { forward } from '../support/manifests.ts';
import { LINK_NAMES, manifests } from '../support/reference-arbitrary.ts';
import { documentOf } from '../support/reference-manifests.ts';
import { manifest } from './fixture.ts';

/** What a builder says, in the order in which it says it. */
function said({ elements, conflicts }: ReturnType<NetfilterBuilder['build']>): unknown {
  return [[...elements].map(([set, members]) => [set, [...members.values()]]), [...conflicts]];
}

const forwards = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    link: fc.constantFrom(...LINK_NAMES),
    port: fc.integer({ min: 80, max: 82 }),
    sources: fc.option(fc.constantFrom(['10.0.0.0/8'], ['10.1.0.0/16', '0.0.0.0/0']), { nil: undefined }),
    interfaces: fc.constantFrom(undefined, ['eth0'], ['eth0', 'eth1']),
  }),
  { maxLength: 3 },
);

it('makes of an edit what it makes of everything anew', () => {
  const address = fc.constantFrom('192.0.2.1', '192.0.2.2');
  const world = fc.record({
    resources: manifests,
    forwards,
    address,
    shuffled: fc.boolean(),
  });
  /** One resource of one world in the place of the one that it has the key of. */
  const edit = fc.record({ world: fc.nat(5), resource: fc.nat(20), address });
  fc.assert(
    fc.property(
      fc.array(world, { minLength: 2, maxLength: 6 }),
      fc.array(edit, { maxLength: 20 }),
      (worlds, edits) => {
        const builder = new NetfilterBuilder();
        // What does not change from one world to the next stays the same object, as it does in the daemon.
        const known = new Map<string, Manifest>();
        const steps = [...worlds];
        for (const { world: from, resource, address: now } of edits) {
          const before = steps.at(-1)!;
          const source = worlds[from % worlds.length]!.resources;
          const other = source[resource % source.length]!;
          const replaced = before.resources.map((one) =>
            one.kind === other.kind && one.metadata.name === other.metadata.name ? other : one,
          );
          steps.push({ ...before, resources: replaced, address: now });
        }
        for (const { resources, forwards: wanted, address: present, shuffled } of steps) {
          const documents = [
            ...resources.map((one) =>
              one.kind === 'Link'
                ? { ...documentOf(one), spec: { ...one.spec, container: { netns: 'x' } } }
                : documentOf(one),
            ),
            ...wanted.map(({ name, link, port, sources, interfaces }) =>
              forward(name, link, [{ port, targetPort: 80 }], { sources, interfaces }),
            ),
          ];
          const inForce = documents.map((document) => {
            const text = JSON.stringify(document);
            const one = known.get(text) ?? manifest(document);
            known.set(text, one);
            return one;
          });
          const context: NetfilterContext = {
            addressesOf: () => [present],
            portOf: ({ resource }) => `${shuffled ? 'x' : 'l'}-${resource.metadata.name}`.slice(0, 15),
            guarded: { 4: new Map(), 6: new Map() },
            strangers: new Map(),
          };
          const list = [...new Map(inForce.map((one) => [one.key, one])).values()];
          expect(said(builder.build(list, context))).toEqual(said(buildNetfilter(list, context)));
        }
      },
    ),
    { numRuns: 60 },
  );
});
