import { expect, it } from 'vitest';
import { EditWorld } from '../support/edit-world.ts';
import { Lab } from '../support/lab.ts';
import type { NetNs } from '../support/netns.ts';
import { traces } from '../support/traces.ts';

/** `EDITS` and `EDITS_SEED` ask for more of them, and for others. */
const EDITS = Number(process.env.EDITS ?? 60);
const SEED = Number(process.env.EDITS_SEED ?? 3);
/** In edits: how often the comparison is made. */
const EVERY = 12;
/** A removal waits half a second to be certain. */
const SOON = 15_000;

const containersOf = (lab: Lab): readonly NetNs[] => ['vm0', 'vm1', 'vm2'].map((name) => lab.container(name));
const write = (lab: Lab, containers: readonly NetNs[], world: EditWorld): void => {
  lab.write('a.yaml', ...(world.documents(containers.map(({ name }) => name)) as never[]));
};

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions: readonly Readonly<Record<string, string>>[] };
}

/** What the daemon says of each resource, in a line. */
function conditions(lab: Lab): readonly string[] {
  const { items } = JSON.parse(lab.cli('get', 'all', '-A', '-o', 'json').stdout) as {
    items: readonly Item[];
  };
  return items.map(({ kind, metadata, status }) =>
    [
      `${kind}/${metadata.name}`,
      ...status.conditions.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`),
    ]
      .join(' ')
      .replaceAll(lab.prefix, ''),
  );
}

it(`${EDITS} edits lead where a fresh start leads, and nothing of them is told as drift or as a failure`, async () => {
  await using lab = new Lab();
  const containers = containersOf(lab);
  const world = new EditWorld(SEED);
  write(lab, containers, world);
  await lab.start();
  const history: string[] = [];
  for (let edit = 1; edit <= EDITS; edit++) {
    history.push(world.edit());
    const isCompared = edit % EVERY === 0;
    if (!isCompared && world.below(2) === 0) continue;
    write(lab, containers, world);
    // The next one comes before, while, or after this one is carried out.
    await new Promise((resolve) => setTimeout(resolve, world.below(600)));
    if (!isCompared) continue;
    await using fresh = new Lab();
    const others = containersOf(fresh);
    write(fresh, others, world);
    await fresh.start();
    fresh.cli('reconcile');
    const wanted = [...traces(fresh, others), ...conditions(fresh)];
    const there = (): readonly string[] => [...traces(lab, containers), ...conditions(lab)];
    const isSame = (): boolean => {
      // Of what is left half may be gone at once, which waits to be confirmed.
      lab.cli('reconcile', '--allow-prune');
      return there().join('\n') === wanted.join('\n');
    };
    await lab.eventually('it is as after a fresh start', isSame, SOON).catch(() => undefined);
    expect(there(), history.slice(-2 * EVERY).join('\n')).toEqual(wanted);
  }
  const told = lab.cli('events').stdout.split('\n');
  const odd = told.filter(
    (line) => / (Warning|DriftCorrected) /.test(line) && !line.includes(' PruneBlocked '),
  );
  expect(odd, history.join('\n')).toEqual([]);
});
