import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ApiObject } from '../../src/api/object.ts';
import { Drips } from '../support/drips.ts';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy } from '../support/manifests.ts';
import { OwnPrograms } from '../support/own-programs.ts';

const LINKS = 20;
/** What the kernel says of an element for which a set has no room. */
const FULL_SET = 'Could not process rule: Too many open files in system';

const names = Array.from({ length: LINKS }, (_, index) => `vm${index + 1}`);

function readiness(lab: Lab): ReadonlyMap<string, string> {
  const { stdout } = lab.cli('get', 'links', '-o', 'json');
  const { items } = JSON.parse(stdout) as { items: ApiObject[] };
  return new Map(
    items.map(({ metadata, status }) => [
      metadata.name,
      status.conditions.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    ]),
  );
}

/** A Link of which `Ready` is this. */
function named(lab: Lab, wanted: string): string {
  return [...readiness(lab)].find(([, status]) => status === wanted)![0];
}

/** In whose place nft makes a set that has room for a number of elements only. */
function smallSet(name: string, room: number): string {
  return `case " $* " in
  *' -f '*) sed 's/^  set ${name} {$/&\\n    size ${room}/' | exec $MACHINE/nft "$@";;
  *) exec $MACHINE/nft "$@";;
esac`;
}

/** In whose place nft refuses every transaction in which there is what this file says, while there is this file. */
function refusing(file: string): string {
  return `case " $* " in
  *' -f '*) input=$(cat; echo .); input=\${input%.}
    if [ -e ${file} ] && printf '%s' "$input" | grep -q -f ${file}; then
      echo 'Error: Could not process rule: No space left on device' >&2; exit 1
    fi
    printf '%s' "$input" | $MACHINE/nft "$@";;
  *) exec $MACHINE/nft "$@";;
esac`;
}

it('an element that the kernel has no room for keeps back its Link alone, and comes when there is room', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  programs.replace('nft', smallSet('macs', LINKS - 1));
  const links = names.map((name, index) => link(name, lab.container(name).name, 10 + index));
  lab.write('a.yaml', bridge('br0'));
  lab.write('links.yaml', ...links);
  await lab.start();
  await lab.eventually('all but one are ready', () => {
    const states = [...readiness(lab).values()].sort();
    return states[0] === 'False' && states.slice(1).every((status) => status === 'True');
  });
  const [late, other] = ['False', 'True'].map((status) => named(lab, status)) as [string, string];
  const { message } = (await lab.condition('link', late))!;
  expect(message).toMatch(new RegExp(`^netfilter: macs { "lx-${late}" \\. [0-9a-f:]+ } of Link/${late}: `));
  expect(message).toContain(FULL_SET);
  expect(lab.cli('events').stdout).toContain(message);
  // It has nothing of the filter, so there is nothing of it.
  expect(lab.host.run(['ip', 'link', 'show', `lx-${late}`]).status).not.toBe(0);
  expect(lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'denied_egress4')).not.toContain(
    `10.10.20.${10 + names.indexOf(late)}`,
  );
  // What has nothing to do with it goes on at once.
  lab.write('b.yaml', policy('more', other, { ingress: [{ ports: [{ port: 4711 }] }] }));
  await lab.eventually('another policy is in force', () =>
    lab.host.exec('nft', '-n', 'list', 'set', 'inet', 'lxcnet', 'port').includes('4711'),
  );

  lab.write('links.yaml', ...links.filter((_, index) => names[index] !== other));
  const start = performance.now();
  await lab.eventually(
    'it is made',
    async () => (await lab.condition('link', late))?.status === 'True',
    60_000,
  );
  record({
    fault: 'the kernel has no room for an element',
    healed: performance.now() - start,
    limit: 60_000,
  });
  await lab.ready();
  expect(lab.host.run(['ip', 'link', 'show', `lx-${late}`]).status).toBe(0);
});

it('where an edit is refused the old rules of that policy stay in force, and everything else proceeds', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const [vm1, vm2, vm3] = [lab.container('vm1'), lab.container('vm2'), lab.container('vm3')];
  const base = [bridge('br0'), link('vm1', vm1.name, 11), link('vm2', vm2.name, 12)];
  const open = (port: number, more: readonly string[] = []): { readonly ingress: readonly object[] } => ({
    ingress: [
      {
        from: ['192.168.254.0/24', ...more].map((cidr) => ({ ipBlock: { cidr } })),
        ports: [{ port }],
      },
    ],
  });
  const refused = join(lab.directory, 'refused');
  programs.replace('nft', refusing(refused));
  lab.write('a.yaml', ...base, policy('one', 'vm1', open(80)), policy('two', 'vm2', open(80)));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  for (const netns of [vm1, vm2]) for (const port of [80, 81]) await netns.serve(port);
  const alive = await lab.client.open('10.10.20.11', 80);

  writeFileSync(refused, '10\\.77\\.0\\.0\n');
  const edited = [policy('one', 'vm1', open(81, ['10.77.0.0/16'])), policy('two', 'vm2', open(81))];
  const added = link('vm3', vm3.name, 13);
  lab.write('a.yaml', ...base, added, ...edited);
  await lab.eventually('the culprit is named', async () =>
    /^netfilter: network_port4 { \S+ \. 10\.77\.0\.0\/16 \. 6 \. 81 } of NetworkPolicy\/one: Could not/.test(
      (await lab.condition('networkpolicy', 'one'))?.message ?? '',
    ),
  );
  await lab.eventually('the rest proceeds', async () =>
    [await lab.condition('networkpolicy', 'two'), await lab.condition('link', 'vm3')].every(
      (condition) => condition?.status === 'True',
    ),
  );
  const reached = async (address: string, port: number): Promise<boolean> =>
    (await lab.client.probe(address, port)).failure === undefined;
  // Nothing of the edit, and all of what was before.
  expect(await alive()).toBe(true);
  expect([await reached('10.10.20.11', 80), await reached('10.10.20.11', 81)]).toEqual([true, false]);
  expect([await reached('10.10.20.12', 80), await reached('10.10.20.12', 81)]).toEqual([false, true]);
  expect((await vm3.probe(CLIENT, 80)).failure).toBe('timeout');

  rmSync(refused);
  const start = performance.now();
  await lab.eventually('the edit is in force', () => reached('10.10.20.11', 81), 60_000);
  record({
    fault: 'nft refuses an element',
    healed: performance.now() - start,
    limit: 60_000,
    leaked: drips.leaked(),
  });
  expect(await reached('10.10.20.11', 80)).toBe(false);
  await lab.ready();
  expect(lab.cli('events').stdout).not.toMatch(/DriftCorrected.*10\.77/);
});
