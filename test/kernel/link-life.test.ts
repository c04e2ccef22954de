import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { NetNs, removeNamespace } from '../support/netns.ts';

const HAS_ALL = ['10.10.20.10/24', 'fd00:20::10/64', 'default via 10.10.20.1', 'default via fd00:20::1'];

/** Whether a container has addresses and default routes of both families. */
function isComplete(run: (...argv: readonly string[]) => string): boolean {
  const all = run('ip', 'address') + run('ip', 'route') + run('ip', '-6', 'route');
  return HAS_ALL.every((wanted) => all.includes(wanted));
}

it('a namespace that is deleted and made again gets its link again, with the same MAC address', async () => {
  await using lab = new Lab();
  const name = `${lab.prefix}again`;
  const make = (): NetNs => new NetNs(name, 'again');
  const mac = (netns: NetNs): string =>
    netns.exec('ip', '-o', 'link', 'show', 'dev', 'eth0').split('link/ether ')[1]!;
  let container = make();
  try {
    lab.write('a.yaml', bridge('br0'), link('again', name, 10));
    await lab.start();
    await lab.ready();
    const before = mac(container);
    container.close();
    container = make();
    const inside = (...argv: readonly string[]): string => container.run(argv).stdout;
    await lab.eventually('it has everything again', () => isComplete(inside));
    expect(mac(container)).toBe(before);
    await lab.eventually(
      'it is ready',
      async () => (await lab.condition('link', 'again'))?.status === 'True',
    );
    expect(lab.host.exec('ip', '-o', 'link', 'show', 'master', 'br0').trim().split('\n')).toHaveLength(1);
    await container.serve(80);
    expect(await lab.host.probe('10.10.20.10', 80)).toMatchObject({ server: 'again' });
    expect(await lab.host.probe('fd00:20::10', 80)).toMatchObject({ server: 'again' });
  } finally {
    container.close();
    removeNamespace(name);
  }
});

it('a container by process id has its addresses and routes, and its Link says so when the process ends', async () => {
  await using lab = new Lab();
  const process = spawn('ip', ['netns', 'exec', lab.host.name, 'unshare', '--net', 'sleep', '60']);
  await once(process, 'spawn');
  try {
    const inside = (...argv: readonly string[]): string =>
      lab.host.run(['nsenter', '--net', '--target', String(process.pid), ...argv]).stdout;
    const isApart = (): boolean => inside('ip', '-o', 'link').trim().split('\n').length === 1;
    await lab.eventually('it has a network of its own', isApart);
    lab.write('a.yaml', bridge('br0'), link('own', 'unused', 10, { container: { pid: process.pid } }));
    await lab.start();
    await lab.ready();
    expect(isComplete(inside)).toBe(true);
    process.kill('SIGKILL');
    await lab.eventually(
      'it is told',
      async () => (await lab.condition('link', 'own'))?.reason === 'ContainerNotRunning',
    );
  } finally {
    process.kill('SIGKILL');
  }
});

it('edits of MAC address, MTU, addresses and routes take effect without a new interface', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10, { routes: [{ to: '10.9.0.0/16' }] }));
  await lab.start();
  await lab.ready();
  const index = (): string => vm1.exec('cat', '/sys/class/net/eth0/ifindex');
  const before = index();
  expect(vm1.exec('ip', 'route')).toContain('10.9.0.0/16 via 10.10.20.1');
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10, {
      macAddress: '02:00:00:00:00:99',
      mtu: 1400,
      addresses: ['10.10.20.77/24', 'fd00:20::77/64'],
      gateway: ['10.10.20.254'],
      routes: [{ to: 'fd09::/32' }, { to: '10.8.0.0/16', via: '10.10.20.2' }],
    }),
  );
  await lab.ready();
  expect(index()).toBe(before);
  const link1 = vm1.exec('ip', 'address', 'show', 'dev', 'eth0');
  for (const wanted of ['02:00:00:00:00:99', 'mtu 1400', '10.10.20.77/24', 'fd00:20::77/64'])
    expect(link1).toContain(wanted);
  for (const former of ['10.10.20.10/', 'fd00:20::10/']) expect(link1).not.toContain(former);
  const routes = vm1.exec('ip', 'route') + vm1.exec('ip', '-6', 'route');
  for (const wanted of ['default via 10.10.20.254', '10.8.0.0/16 via 10.10.20.2', 'fd09::/32 '])
    expect(routes).toContain(wanted);
  for (const former of ['10.9.0.0/16', 'default via 10.10.20.1 ', 'default via fd00:20::1'])
    expect(routes).not.toContain(former);
  expect(lab.host.exec('ip', 'link', 'show', 'dev', 'lx-vm1')).toContain('mtu 1400');
});

it('a link that is removed goes from host and container, and what the container made itself stays', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  vm1.exec('ip', 'link', 'add', 'own0', 'type', 'veth', 'peer', 'name', 'own1');
  lab.write('a.yaml', bridge('br0'), link('vm2', vm2.name, 11));
  lab.write('b.yaml', link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  lab.remove('b.yaml');
  await lab.eventually('it is gone', () => vm1.run(['ip', 'link', 'show', 'dev', 'eth0']).status !== 0);
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'lx-vm1']).status).not.toBe(0);
  expect(vm1.exec('ip', 'link')).toContain('own0');
  await vm2.serve(80);
  expect(await lab.host.probe('10.10.20.11', 80)).toMatchObject({ server: 'vm2' });
});
