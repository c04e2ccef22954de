import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followChanges } from '../support/changes.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import { bridge, forward, link, route } from '../support/manifests.ts';

/** Something of each kind, each in a file of its own. */
async function running(lab: Lab): Promise<() => Promise<boolean>> {
  const vm1 = lab.container('vm1');
  lab.write('bridge.yaml', bridge('br0'));
  lab.write('link.yaml', link('vm1', vm1.name, 10));
  lab.write(
    'rest.yaml',
    forward('web', 'vm1', [{ port: 80 }]),
    route('one', { to: '10.30.0.0/16', via: CLIENT }),
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  return lab.client.open(HOST, 80);
}

/** What becomes of the directory while no daemon runs. */
const LOSSES: readonly (readonly [what: string, lose: (directory: string) => void])[] = [
  ['is missing', () => undefined],
  ['is empty', (directory) => mkdirSync(directory)],
  ['is a file', (directory) => writeFileSync(directory, 'nothing')],
  ['is a link that leads nowhere', (directory) => symlinkSync(`${directory}-gone`, directory)],
];

it.each(LOSSES)('a start where the directory of manifests %s removes nothing', async (_, lose) => {
  await using lab = new Lab();
  const alive = await running(lab);
  await lab.stop();
  const changes = await followChanges(lab);
  const aside = `${lab.manifests}-aside`;
  renameSync(lab.manifests, aside);
  lose(lab.manifests);
  await lab.start(undefined, ({ body }) => body.includes('[+]first-pass-done ok'));
  lab.cli('reconcile');
  for (const [kind, name] of [
    ['br', 'br0'],
    ['link', 'vm1'],
    ['route', 'one'],
    ['portforward', 'web'],
  ] as const)
    expect(await lab.condition(kind, name), name).toMatchObject({ status: 'True' });
  // When the manifests are back, all goes on.
  rmSync(lab.manifests, { recursive: true, force: true });
  renameSync(aside, lab.manifests);
  await lab.eventually('it is ready', async () => (await lab.host.get(9469, '/readyz')).status === 200);
  await lab.ready();
  expect(await alive()).toBe(true);
  expect(await changes()).toEqual([]);
});

it('a start where a file no longer parses keeps what it last said, and still makes what others say', async () => {
  await using lab = new Lab();
  const alive = await running(lab);
  await lab.stop('SIGKILL');
  lab.write('link.yaml', '{[ not yaml');
  lab.write('new.yaml', route('two', { to: '10.31.0.0/16', via: CLIENT }));
  const changes = await followChanges(lab);
  await lab.start();
  lab.cli('reconcile');
  await lab.eventually(
    'the new one is there',
    async () => (await lab.condition('route', 'two'))?.status === 'True',
  );
  expect(await lab.condition('link', 'vm1')).toMatchObject({ status: 'True' });
  expect(await lab.http('/metrics')).toContain('lxcnet_source_invalid_files 1');
  expect(await alive()).toBe(true);
  expect(await changes()).toEqual([expect.stringMatching(/^\[nsid current\]10\.31\.0\.0\/16 via /)]);
});

it('a file that is renamed while the daemon runs causes no gap', async () => {
  await using lab = new Lab();
  const alive = await running(lab);
  const changes = await followChanges(lab);
  const [before, after] = [join(lab.manifests, 'link.yaml'), join(lab.manifests, 'other/named.yml')];
  mkdirSync(join(lab.manifests, 'other'));
  renameSync(before, after);
  const sources = (): string => readFileSync(join(lab.directory, 'state/sources.json'), 'utf8');
  await lab.eventually('the new name is known', () => {
    lab.cli('reconcile');
    return sources().includes('named.yml') && !sources().includes('link.yaml');
  });
  await lab.ready();
  expect(await alive()).toBe(true);
  expect(await changes()).toEqual([]);
});
