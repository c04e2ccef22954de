import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DATA_OPTIONS } from '../../src/kernel/resolver-files.ts';
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

/** Its containers, and interfaces that bridges may have as ports. */
function prepare(lab: Lab): readonly NetNs[] {
  for (const number of [0, 1]) {
    const peer = ['peer', 'name', `lan-${number}`, 'address', `02:00:00:00:cc:0${number}`];
    const address = ['address', `02:00:00:00:dd:0${number}`];
    lab.host.exec('ip', 'link', 'add', `port${number}`, ...address, 'type', 'veth', ...peer);
  }
  return ['vm0', 'vm1', 'vm2'].map((name) => lab.container(name));
}
/** As where a container is stopped and started again. */
function replace({ name }: NetNs): string {
  for (const argv of [
    ['netns', 'delete', name],
    ['netns', 'add', name],
    ['-n', name, 'link', 'set', 'lo', 'up'],
  ])
    execFileSync('ip', argv);
  return `${name} is started again`;
}

const write = (lab: Lab, containers: readonly NetNs[], world: EditWorld): void => {
  lab.write('a.yaml', ...(world.documents(containers.map(({ name }) => name)) as never[]));
};

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions: readonly Readonly<Record<string, string>>[] };
}

/** What its resolvers read. */
function resolverFiles(lab: Lab): readonly string[] {
  const directory = join(lab.directory, 'run/resolvers');
  const entries = existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
    : [];
  return entries
    .filter(
      (entry) =>
        entry.isFile() && (entry.name.endsWith('.conf') || DATA_OPTIONS.includes(entry.name as never)),
    )
    .map(({ parentPath, name }) => `${parentPath}: ${readFileSync(join(parentPath, name), 'utf8')}`)
    .map((text) => text.replaceAll(lab.directory, '').replaceAll(lab.prefix, ''))
    .sort();
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

const look = (lab: Lab, containers: readonly NetNs[]): readonly string[] => [
  ...traces(lab, containers),
  ...resolverFiles(lab),
  ...conditions(lab),
];

it(`${EDITS} edits and restarts of containers lead where a fresh start leads, and none is told as drift or as a failure`, async () => {
  await using lab = new Lab();
  const containers = prepare(lab);
  const world = new EditWorld(SEED);
  write(lab, containers, world);
  await lab.start();
  const history: string[] = [];
  for (let edit = 1; edit <= EDITS; edit++) {
    history.push(world.below(6) === 0 ? replace(containers[world.below(3)]!) : world.edit());
    const isCompared = edit % EVERY === 0;
    if (!isCompared && world.below(2) === 0) continue;
    write(lab, containers, world);
    // The next one comes before, while, or after this one is carried out.
    await new Promise((resolve) => setTimeout(resolve, world.below(600)));
    if (!isCompared) continue;
    await using fresh = new Lab();
    const others = prepare(fresh);
    write(fresh, others, world);
    await fresh.start();
    fresh.cli('reconcile');
    const wanted = look(fresh, others);
    const there = (): readonly string[] => look(lab, containers);
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
