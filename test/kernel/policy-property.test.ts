import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Cluster, describe as inWords } from '../support/cluster.ts';
import { LINK_NAMES, manifests } from '../support/reference-arbitrary.ts';
import type { Manifest } from '../support/reference-manifests.ts';

/*
 * Random policies over Links with random labels, one set after the other on one daemon, so that each is an edit of the one
 * before. LXCNET_PROPERTY_RUNS asks for more of them, LXCNET_PROPERTY_SEED for the same again.
 */

const RUNS = Number(process.env.LXCNET_PROPERTY_RUNS ?? 30);
const SEED = Number(process.env.LXCNET_PROPERTY_SEED ?? Date.now() % 1_000_000_000);
/** A loaded machine, and the search for the smallest counterexample. Milliseconds. */
const LONGEST = 60_000 + RUNS * 4_000;

it(
  `${RUNS} random sets of policies let pass what the reference says, seed ${SEED}`,
  async () => {
    await using cluster = new Cluster(LINK_NAMES);
    let before: readonly Manifest[] = [];
    const property = fc.asyncProperty(manifests, async (now) => {
      await (before.length === 0 ? cluster.start(now) : cluster.apply(now));
      const wrong = (await cluster.observe()).filter(({ expected, seen }) => expected !== seen).map(inWords);
      const edited = `\nfrom\n${linesOf(before)}\nto\n${linesOf(now)}`;
      before = now;
      expect(wrong, edited).toEqual([]);
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: LONGEST - 20_000 });
  },
  LONGEST,
);

/** A line a manifest, so that a failure can be tried by hand. */
function linesOf(all: readonly Manifest[]): string {
  return all.map((manifest) => JSON.stringify(manifest)).join('\n');
}
