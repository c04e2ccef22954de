import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { EMPTY, LxcContainer, hooks, veth } from '../support/lxc.ts';
import { bridge, forward, link } from '../support/manifests.ts';
import { ask } from '../support/resolver.ts';

it.each([
  ['makes the veth pair of a container that has none', EMPTY],
  ['takes over the veth pair that LXC made', veth(0, 'eth0', 'br0')],
])('lxcnet %s, and again after a restart', async (_, network) => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, network);
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath }, macAddress: '00:11:22:33:44:55' };
  lab.write('a.yaml', bridge('br0'), link('vm1', 'unused', 10, spec), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  expect((await lab.condition('link', 'vm1', 'ReferencesResolved'))?.reason).toBe('ContainerNotRunning');
  for (const round of ['first', 'second']) {
    container.start();
    await lab.eventually(
      `the ${round} start is ready`,
      async () => (await lab.condition('link', 'vm1'))?.status === 'True',
    );
    const inside = container.run('ip', 'address', 'show', 'dev', 'eth0');
    for (const wanted of ['00:11:22:33:44:55', '10.10.20.10/24', 'fd00:20::10/64'])
      expect(inside).toContain(wanted);
    expect(container.run('ip', 'route')).toContain('default via 10.10.20.1');
    const marked = lab.host.exec('ip', '-d', 'link', 'show', 'master', 'br0');
    expect(marked).toContain('lxcnet:Link/default/vm1');
    expect(marked).toContain('isolated on');
    expect(lab.host.exec('ip', '-j', 'link', 'show', 'master', 'br0').split('"ifname"')).toHaveLength(2);
    container.stop();
    await lab.eventually(
      'it waits again',
      async () => (await lab.condition('link', 'vm1'))?.reason === 'ContainerNotRunning',
    );
  }
});

it('what resolves names, on the host and in a container, stays byte for byte', async () => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, EMPTY);
  const inside = join(container.lxcPath, 'vm1/rootfs/etc');
  mkdirSync(inside);
  container.write('etc/hosts', '127.0.0.1 localhost\n');
  container.write('etc/resolv.conf', 'nameserver 192.0.2.53\n');
  const host = [
    'hosts',
    'resolv.conf',
    'nsswitch.conf',
    'hostname',
    'resolvconf',
    'dnsmasq.conf',
    'dnsmasq.d',
  ];
  const files = [inside, ...host.map((name) => `/etc/${name}`).filter((path) => existsSync(path))];
  const see = (): string =>
    lab.host.exec(
      'sh',
      '-c',
      `find -L ${files.join(' ')} -printf '%p %T@ %C@ %i %s\n'; find -L ${files.join(' ')} -type f -exec md5sum {} +`,
    );
  const before = see();
  expect(before).toContain(`${inside}/resolv.conf`);
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath } };
  lab.write('a.yaml', bridge('br0', { dns: {}, dhcp: {} }), link('vm1', 'unused', 10, spec));
  await lab.start();
  container.start();
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  expect(ask(lab.host, '10.10.20.1', 'vm1.default.lxcnet').answers).toEqual(['10.10.20.10']);
  container.stop();
  await lab.stop();
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(see()).toBe(before);
});

/** Lines of LXC's that say something else than the manifest, and an MAC address that LXC makes up. */
const OTHERWISE = veth(
  0,
  'eth0',
  'br0',
  'flags =',
  'hwaddr = 00:16:3e:xx:xx:xx',
  'mtu = 1400',
  'ipv4.address = 10.10.20.99/24',
  'ipv4.address = 10.10.20.10/24',
  'ipv6.address = fd00:20::99/64',
);

it.each([
  ['without hooks', []],
  ['with hooks', ['pre-start', 'start-host', 'post-stop']],
])(
  "where LXC's configuration says otherwise the manifest wins, and an event says so: %s",
  async (_, which) => {
    await using lab = new Lab();
    using container = new LxcContainer(lab, [...OTHERWISE, ...hooks(lab, which)]);
    const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath }, macAddress: '00:11:22:33:44:55' };
    lab.write('a.yaml', bridge('br0', { defaultPolicy: 'Allow' }), link('vm1', 'unused', 10, spec));
    await lab.start();
    container.start('ip address > /first');
    const ready = async (): Promise<string | undefined> => {
      const { status, message } = (await lab.condition('link', 'vm1')) ?? {};
      return status === 'True' ? message : undefined;
    };
    const message = await lab.eventually('it is ready', ready);
    const inside = container.run('ip', 'address', 'show', 'dev', 'eth0');
    for (const wanted of ['00:11:22:33:44:55', 'mtu 1500', ',UP', '10.10.20.10/24', 'fd00:20::10/64'])
      expect(inside).toContain(wanted);
    expect(inside).not.toContain('::99/');
    expect(inside).not.toContain('.99/');
    expect(container.run('ip', 'route', 'get', CLIENT)).toContain('src 10.10.20.10');
    const differs =
      "LXC's configuration says otherwise of eth0, and the manifest wins: lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx, and not 00:11:22:33:44:55; lxc.net.0.mtu = 1400, and not 1500; lxc.net.0.flags is not up; lxc.net.0.ipv4.address = 10.10.20.99/24, which the Link does not have; lxc.net.0.ipv6.address = fd00:20::99/64, which the Link does not have; `lxcnet lxc-config vm1 --veth` prints the lines that agree";
    expect(message).toContain(differs);
    const events = lab
      .cli('events')
      .stdout.split('\n')
      .filter((line) => line.includes('LxcConfigDiffers'));
    expect(events).toEqual([expect.stringContaining(differs)]);
    if (which.length > 0) expect(container.read('first')).not.toContain('.99/');
    // What the container itself adds is its own.
    container.run('ip', 'address', 'add', '10.10.20.98/24', 'dev', 'eth0');
    await lab.ready();
    expect(container.run('ip', 'address', 'show', 'dev', 'eth0')).toContain('10.10.20.98/24');
  },
);

it('a veth that LXC puts into another bridge, with another gateway, is moved to where the manifest has it', async () => {
  await using lab = new Lab();
  using container = new LxcContainer(
    lab,
    veth(0, 'eth0', 'other0', 'ipv4.address = 10.10.20.10/24', 'ipv4.gateway = 10.10.20.254'),
  );
  lab.host.exec('ip', 'link', 'add', 'other0', 'up', 'type', 'bridge');
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath } };
  lab.write('a.yaml', bridge('br0'), link('vm1', 'unused', 10, spec));
  await lab.start();
  container.start();
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  expect(lab.host.exec('ip', 'link', 'show', 'master', 'br0')).toContain('lxcnet:Link/default/vm1');
  expect(lab.host.exec('ip', 'link', 'show', 'master', 'other0')).toBe('');
  expect(container.run('ip', 'route', 'show', 'default')).toMatch(/^default via 10\.10\.20\.1 dev eth0.*\n$/);
  expect(lab.cli('events').stdout).toContain(
    'the manifest wins: lxc.net.0.link = other0, and not br0; lxc.net.0.ipv4.gateway = 10.10.20.254, and not 10.10.20.1;',
  );
});

it('an interface of LXC with another name than the Link gets that, and one of another bridge stays as it is', async () => {
  await using lab = new Lab();
  const network = [...veth(0, 'lan0', 'br0', 'ipv4.address = 10.10.20.10/24'), ...veth(1, 'wan0', 'other0')];
  using container = new LxcContainer(lab, [
    ...network,
    ...hooks(lab, ['pre-start', 'start-host', 'post-stop']),
  ]);
  lab.host.exec('ip', 'link', 'add', 'other0', 'type', 'bridge');
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath } };
  lab.write('a.yaml', bridge('br0'), link('vm1', 'unused', 10, spec));
  await lab.start();
  container.start('ip -o address > /first');
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  const first = await lab.eventually('init has looked', () => container.read('first'));
  expect(first).toMatch(/ eth0 +inet 10\.10\.20\.10\/24 /);
  const names = [...container.run('ip', '-o', 'link').matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name);
  expect(names.sort()).toEqual(['eth0', 'lo', 'wan0']);
  const ports = (master: string): number =>
    lab.host.exec('ip', '-o', 'link', 'show', 'master', master).split('\n').length - 1;
  expect([ports('br0'), ports('other0')]).toEqual([1, 1]);
  expect((await lab.condition('link', 'vm1'))?.message).toContain('lxc.net.0.name = lan0, and not eth0');
  expect(lab.cli('events').stdout).not.toContain('ReconciliationFailed');
});
