import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import { bridge, forward, link, route } from '../support/manifests.ts';

it('stopping leaves the network as it is, and a start that finds all in place writes nothing', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  const alive = await lab.client.open(HOST, 80);
  expect(await lab.stop()).toBe(0);
  expect(await alive()).toBe(true);
  await lab.start();
  expect(await alive()).toBe(true);
  expect(lab.cli('events').stderr).toContain('No events found');
});

it('a crash in the middle is made good by the next start', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.stop('SIGKILL');
  lab.remove('a.yaml');
  lab.write('b.yaml', route('one', { to: '10.30.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.eventually(
    'what the crashed daemon made is gone',
    () => lab.host.run(['ip', 'link', 'show', 'dev', 'br0']).status !== 0,
  );
  expect(lab.host.exec('ip', 'route')).toContain('10.30.0.0/16');
});

it('health, readiness, metrics and the socket are as the contract says', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  expect(await lab.http('/healthz')).toContain('200 ok');
  expect(await lab.http('/readyz?verbose')).toContain('[+]first-pass-done ok');
  const metrics = await lab.http('/metrics');
  expect(metrics).toContain('lxcnet_resource_ready{kind="Bridge",namespace="",name="br0"} 1');
  expect(metrics).toMatch(/lxcnet_batch_operations_total\{kind="Bridge",op="create"\} [1-9]/);
  const socket = join(lab.directory, 'run/lxcnet.sock');
  expect(existsSync(socket)).toBe(true);
  expect(statSync(socket).mode & 0o777).toBe(0o660);
});

it('bad manifests are told with their place, and the rest goes on', async () => {
  await using lab = new Lab();
  lab.write(
    'bad.yaml',
    'apiVersion: lxcnet.dev/v1alpha1\nkind: Bridge\nmetadata: {name: br9}\nspec:\n  interface: "br9\\nlink eth0"\n  adresses: [10.0.0.1/8]\n',
  );
  lab.write('good.yaml', bridge('br0'));
  await lab.start();
  await lab.eventually(
    'the good one is ready',
    async () => (await lab.condition('br', 'br0'))?.status === 'True',
  );
  const validated = lab.cli('validate', lab.manifests);
  expect(validated.status).toBe(1);
  expect(validated.stderr).toContain(
    'bad.yaml:5:14: Bridge/br9: spec.interface: Invalid value: "br9\\nlink eth0"',
  );
  expect(validated.stderr).toContain(
    'bad.yaml:6:3: Bridge/br9: spec.adresses: Unknown field: did you mean "addresses"?',
  );
  expect(validated.stdout).toBe('2 files: 2 errors\n');
  expect(lab.host.exec('ip', 'link', 'show', 'dev', 'eth0')).toContain('eth0');
});

it('an edit that is invalid keeps what was in force, and a broken file keeps what it last said', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  lab.write('b.yaml', bridge('br1', { addresses: ['10.10.21.1/24'] }));
  await lab.start();
  await lab.ready();
  lab.write('a.yaml', bridge('br0', { mtu: 10 }));
  lab.write('b.yaml', '{[ not yaml');
  await lab.eventually(
    'it is told',
    async () => (await lab.condition('br', 'br0', 'Stalled'))?.reason === 'InvalidSpec',
  );
  expect((await lab.condition('br', 'br0'))?.message).toContain('must be between 68 and 65535');
  expect((await lab.condition('br', 'br1'))?.status).toBe('True');
  expect(await lab.http('/metrics')).toContain('lxcnet_source_invalid_files 2');
});

it('a file that is empty all of a sudden keeps what it last said, and that is told', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  lab.write('b.yaml', bridge('br1', { addresses: ['10.10.21.1/24'] }));
  await lab.start();
  await lab.ready();
  writeFileSync(join(lab.manifests, 'b.yaml'), '');
  await lab.eventually('it is told', () => lab.cli('events').stdout.includes('InvalidManifest'));
  expect(lab.cli('events').stdout).toContain('b.yaml:1:1: Empty: what it said last stays in force');
  expect(await lab.http('/metrics')).toContain('lxcnet_source_invalid_files 1');
  lab.cli('reconcile');
  expect((await lab.condition('br', 'br1'))?.status).toBe('True');
  // Whoever has begun to write goes on.
  writeFileSync(
    join(lab.manifests, 'b.yaml'),
    JSON.stringify(bridge('br2', { addresses: ['10.10.22.1/24'] })),
  );
  await lab.eventually(
    'what is written counts',
    () => lab.host.run(['ip', 'link', 'show', 'br2']).status === 0,
  );
  await lab.eventually(
    'what it said before goes',
    () => lab.host.run(['ip', 'link', 'show', 'br1']).status !== 0,
  );
  expect(await lab.http('/metrics')).toContain('lxcnet_source_invalid_files 0');
});

it('losing the manifests removes nothing, and a large removal waits for its confirmation', async () => {
  await using lab = new Lab();
  const routes = Array.from({ length: 8 }, (_, index) =>
    route(`r${index}`, { to: `10.${30 + index}.0.0/16`, via: CLIENT }),
  );
  lab.write('a.yaml', ...routes);
  await lab.start();
  await lab.ready();
  const count = (): number => lab.host.exec('ip', 'route').split('proto 199').length - 1;
  lab.write('a.yaml', '---\n');
  expect(lab.cli('reconcile').stdout).toContain('nothing is removed');
  lab.write('a.yaml', routes[0]!);
  await lab.eventually('it is told', () => lab.cli('events').stdout.includes('PruneBlocked'));
  expect(count()).toBe(8);
  expect(await lab.http('/metrics')).toContain('lxcnet_prune_blocked_total{reason="threshold"} 1');
  const blocked = async (name: string) => (await lab.condition('route', name, 'PruneBlocked'))?.reason;
  await lab.eventually('its condition says so', async () => (await blocked('r7')) === 'LargeRemoval');
  expect(await blocked('r0')).toBeUndefined();
  lab.cli('reconcile', '--allow-prune');
  await lab.eventually('they are gone', () => count() === 1);
});

it('nothing is removed while a file cannot be read, since what is missing may have moved to it', async () => {
  await using lab = new Lab();
  const [one, two] = ['10.31.0.0/16', '10.32.0.0/16'].map((to, index) =>
    route(`r${index}`, { to, via: CLIENT }),
  );
  lab.write('a.yaml', one!);
  lab.write('b.yaml', two!);
  await lab.start();
  await lab.ready();
  lab.write('c.yaml', 'a: [');
  lab.remove('a.yaml');
  expect(lab.cli('reconcile').stdout).toContain('nothing is removed: a manifest file cannot be read');
  await lab.stop();
  await lab.start();
  const blocked = async (name: string) => (await lab.condition('route', name, 'PruneBlocked'))?.reason;
  await lab.eventually('its condition says so', async () => (await blocked('r0')) === 'UnreadableFile');
  expect(await blocked('r1')).toBeUndefined();
  expect(lab.host.exec('ip', 'route')).toContain('10.31.0.0/16');
  lab.remove('c.yaml');
  await lab.eventually('it is gone', () => !lab.host.exec('ip', 'route').includes('10.31.0.0/16'));
  expect(lab.host.exec('ip', 'route')).toContain('10.32.0.0/16');
});

it('a resource that moves to another file, or whose file is renamed, is not removed in between', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = [bridge('br0'), link('vm1', vm1.name, 10), forward('web', 'vm1', [{ port: 80 }])];
  lab.write('a.yaml', ...parts);
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  const alive = await lab.client.open(HOST, 80);
  lab.remove('a.yaml');
  await new Promise((resolve) => setTimeout(resolve, 200)); // less than the 500 ms for which a removal has to be stable
  lab.write('z.yaml', ...parts);
  await lab.ready();
  expect(await alive()).toBe(true);
  expect(await lab.http('/metrics')).toContain('lxcnet_prune_total{kind="Link"} 0');
});

it('what is annotated with prune: disabled stays when its manifest goes, over a restart and an apply too', async () => {
  await using lab = new Lab();
  const annotations = { 'lxcnet.dev/prune': 'disabled' };
  lab.write('a.yaml', bridge('br0', {}, { annotations }));
  lab.write('b.yaml', bridge('br1', { addresses: ['10.10.21.1/24'] }));
  await lab.start();
  await lab.ready();
  lab.remove('a.yaml');
  lab.write('c.yaml', route('one', { to: '10.30.0.0/16', via: CLIENT }));
  await lab.ready();
  const stays = (): boolean => lab.host.run(['ip', 'link', 'show', 'dev', 'br0']).status === 0;
  expect(lab.cli('reconcile').status).toBe(0);
  expect(stays()).toBe(true);
  await lab.stop();
  await lab.start();
  expect((await lab.get('br', 'br0'))?.metadata.name).toBe('br0');
  await lab.stop();
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  expect(stays()).toBe(true);
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(stays()).toBe(false);
});

it('SIGHUP reads the manifests again', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  const readAt = async (): Promise<number> =>
    Number(/^lxcnet_source_last_success_timestamp_seconds (\S+)$/m.exec(await lab.http('/metrics'))?.[1]);
  const before = await readAt();
  lab.signal('SIGHUP');
  await lab.eventually('they are read', async () => (await readAt()) > before);
});

it('where the filter cannot be put in force, no link comes up', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  // A table with an owner may be changed by the process that made it alone.
  const owner = lab.follow(['nft', '-i'], 'add table inet lxcnet { flags owner; }\n');
  await lab.eventually('the table is there', () => lab.host.exec('nft', 'list', 'tables').includes('lxcnet'));
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    route('one', { to: '10.30.0.0/16', via: CLIENT }),
  );
  await lab.start();
  await lab.eventually(
    'the route is ready',
    async () => (await lab.condition('route', 'one'))?.status === 'True',
  );
  expect(await lab.condition('link', 'vm1')).toMatchObject({ status: 'False' });
  expect((await lab.condition('link', 'vm1'))?.message).toContain('netfilter: ');
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'lx-vm1']).status).not.toBe(0);
  expect(vm1.run(['ip', 'link', 'show', 'dev', 'eth0']).status).not.toBe(0);
  owner.kill();
  lab.cli('reconcile');
  await lab.eventually(
    'the link is ready',
    async () => (await lab.condition('link', 'vm1'))?.status === 'True',
  );
});
