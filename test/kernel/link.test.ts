import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { NetNs, removeNamespace } from '../support/netns.ts';

it('a link gives its container MAC address, addresses, default routes and further routes', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const spec = {
    macAddress: '00:11:22:33:44:AA',
    routes: [
      { to: '10.9.0.0/16', via: '10.10.20.254' },
      { to: 'fd09::/32', via: 'fd00:20::fe' },
    ],
  };
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10, spec));
  await lab.start();
  await lab.ready();
  expect(vm1.exec('ip', 'link', 'show', 'dev', 'eth0')).toContain('00:11:22:33:44:aa');
  const routes = vm1.exec('ip', 'route') + vm1.exec('ip', '-6', 'route');
  for (const wanted of [
    'default via 10.10.20.1 dev eth0 proto 199',
    'default via fd00:20::1 dev eth0 proto 199',
    '10.9.0.0/16 via 10.10.20.254',
    'fd09::/32 via fd00:20::fe',
  ]) {
    expect(routes).toContain(wanted);
  }
  expect(lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'lx-vm1')).toContain('isolated on');
  expect(lab.host.exec('ip', 'link', 'show', 'dev', 'lx-vm1')).toContain('alias lxcnet:Link/default/vm1');
});

it('a gateway outside the networks of the container is reached all the same, and None means none', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10, { addresses: ['10.10.20.10/32'] }),
    link('vm2', vm2.name, 11, { gateway: 'None' }),
  );
  await lab.start();
  await lab.ready();
  expect(vm1.exec('ip', 'route')).toContain('default via 10.10.20.1 dev eth0 proto 199 onlink');
  expect(vm2.exec('ip', 'route')).not.toContain('default');
});

it('a container that comes later is not an error, and converges within a second of its start', async () => {
  await using lab = new Lab();
  const name = `${lab.prefix}late`;
  lab.write('a.yaml', bridge('br0'), link('late', name, 10));
  await lab.start();
  await lab.eventually(
    'it waits',
    async () => (await lab.condition('link', 'late', 'ReferencesResolved'))?.reason === 'ContainerNotRunning',
  );
  expect(await lab.condition('link', 'late', 'Stalled')).toBeUndefined();
  const late = new NetNs(name, 'late');
  try {
    await lab.eventually(
      'it converges',
      () => late.run(['ip', 'route']).stdout.includes('default via 10.10.20.1'),
      1_000,
    );
    await lab.eventually('it is ready', async () => (await lab.condition('link', 'late'))?.status === 'True');
    removeNamespace(name);
    await lab.eventually(
      'it waits again',
      async () => (await lab.condition('link', 'late'))?.reason === 'ContainerNotRunning',
    );
  } finally {
    late.close();
  }
});

it('a container named by process id is found, and one that shares the network of the host is refused', async () => {
  await using lab = new Lab();
  const sleeper = spawn('ip', ['netns', 'exec', lab.host.name, 'unshare', '--net', 'sleep', '60']);
  await once(sleeper, 'spawn');
  try {
    lab.write('a.yaml', bridge('br0'), link('own', 'unused', 10, { container: { pid: sleeper.pid } }));
    await lab.start();
    await lab.eventually('it is ready', async () => (await lab.condition('link', 'own'))?.status === 'True');
    const daemon = lab.host.exec('sh', '-c', 'echo $$').trim();
    expect(daemon).toMatch(/^\d+$/);
    const shared = spawn('ip', ['netns', 'exec', lab.host.name, 'sleep', '60']);
    await once(shared, 'spawn');
    lab.write('b.yaml', link('shared', 'unused', 11, { container: { pid: shared.pid } }));
    await lab.eventually('it is refused', async () =>
      (await lab.condition('link', 'shared', 'Stalled'))?.message.includes('cannot be isolated'),
    );
    shared.kill();
  } finally {
    sleeper.kill();
  }
});

it('what a container does to its own interface is put right', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  vm1.exec('ip', 'address', 'flush', 'dev', 'eth0');
  vm1.exec('ip', 'link', 'set', 'eth0', 'down');
  await lab.eventually(
    'it has its address and route back',
    () =>
      vm1.exec('ip', 'route').includes('default via 10.10.20.1') &&
      vm1.exec('ip', '-6', 'route').includes('default via fd00:20::1'),
  );
});

it('an interface of the container that is not ours is a conflict, and stays', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  vm1.exec('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
  const before = vm1.exec('ip', 'link');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.eventually(
    'it is a conflict',
    async () => (await lab.condition('link', 'vm1', 'Stalled'))?.reason === 'NameConflict',
  );
  expect(vm1.exec('ip', 'link')).toBe(before);
});
