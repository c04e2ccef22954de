import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/api/link.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { type LabelSelector, selects } from '../../src/api/selector.ts';
import { LinkIndex } from '../../src/netfilter/link-index.ts';
import { link } from '../support/manifests.ts';
import { manifest } from './fixture.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'a.b/c'), fc.constantFrom('', 'x', 'y'), {
  maxKeys: 3,
});
const links = fc
  .array(fc.record({ namespace: fc.constantFrom('one', 'two'), labels }), { maxLength: 12 })
  .map((all) =>
    all.map(({ namespace, labels: own }, index) =>
      manifest<Link>(link(`l${index}`, `l${index}`, index + 2, {}, { namespace, labels: { ...own } })),
    ),
  );
const selector: fc.Arbitrary<LabelSelector> = fc.record(
  {
    matchLabels: labels.map((own) => ({ ...own })),
    matchExpressions: fc.constant([{ key: 'tier', operator: 'NotIn' as const, values: ['x'] }]),
  },
  { requiredKeys: [] },
);
const names = (all: readonly Manifest<Link>[]): string[] => all.map(({ key }) => key);

describe('LinkIndex', () => {
  it('leaves out no link that is selected, and keeps their order', () => {
    fc.assert(
      fc.property(links, selector, fc.constantFrom(undefined, 'one', 'two'), (all, wanted, namespace) => {
        const selected = (candidates: readonly Manifest<Link>[]): string[] =>
          names(candidates.filter(({ resource }) => selects(wanted, resource.metadata.labels)));
        const inNamespace = all.filter(
          ({ resource }) => namespace === undefined || resource.metadata.namespace === namespace,
        );
        const candidates = new LinkIndex(all).candidates(namespace, wanted);
        expect(selected(candidates)).toEqual(selected(inNamespace));
        expect(names(inNamespace)).toEqual(expect.arrayContaining(names(candidates)));
      }),
    );
  });

  it('looks at those with the rarest label only', () => {
    const all = ['a', 'b', 'c'].map((name, index) =>
      manifest<Link>(link(name, name, index + 2, {}, { labels: { app: name, tier: 'web' } })),
    );
    const index = new LinkIndex(all);
    expect(names(index.candidates('default', { matchLabels: { tier: 'web', app: 'b' } }))).toEqual([
      'Link/default/b',
    ]);
    expect(index.candidates('default', { matchLabels: { app: 'nobody' } })).toEqual([]);
    expect(names(index.candidates(undefined, undefined))).toHaveLength(3);
  });
});
