import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';

const NAME = `lxnt-config-${process.pid}`;

/** The keys that LXC itself reads from a configuration. */
function readByLxc(lab: Lab, lxcPath: string, keys: readonly string[]): readonly string[] {
  return keys.map((key) => lab.host.exec('lxc-info', '-P', lxcPath, '-n', NAME, '-c', key).trim());
}

it.each([
  ['lxcnet makes the veth pairs', []],
  ['LXC makes the veth pairs', ['--veth']],
])('a container with two Links runs on the lines of lxc-config where %s', async (_, flags) => {
  await using lab = new Lab();
  const lxcPath = join(lab.directory, 'lxc');
  const root = join(lxcPath, NAME, 'rootfs');
  const shared = ['lib', 'bin', 'usr', 'sbin', 'lib64'];
  for (const directory of [...shared, 'proc', 'sys', 'dev'])
    mkdirSync(join(root, directory), { recursive: true });
  const container = { lxc: NAME, lxcPath };
  lab.write(
    'a.yaml',
    bridge('br0', { mtu: 1400 }),
    bridge('br1', { addresses: ['10.10.21.1/24'] }),
    link('vm1', 'unused', 10, { container, macAddress: '00:16:3e:00:00:01' }),
    link('vm1-dmz', 'unused', 0, {
      container,
      bridge: 'br1',
      interface: 'eth1',
      addresses: ['10.10.21.10/24'],
      gateway: 'None',
    }),
  );
  const printed = lab.cli('lxc-config', 'vm1', '--manifests', lab.manifests, ...flags);
  expect(printed).toMatchObject({ status: 0, stderr: '' });
  const config = [
    `lxc.uts.name = ${NAME}`,
    `lxc.rootfs.path = dir:${root}`,
    'lxc.apparmor.profile = unconfined',
    ...shared.map((directory) => `lxc.mount.entry = /${directory} ${directory} none ro,bind,optional 0 0`),
    printed.stdout,
  ];
  writeFileSync(join(lxcPath, NAME, 'config'), config.join('\n'));
  const keys = printed.stdout.trim().split('\n');
  expect(
    readByLxc(
      lab,
      lxcPath,
      keys.map((line) => line.split(' = ')[0]!),
    ),
  ).toEqual(keys);
  await lab.start();
  lab.follow(['lxc-execute', '-P', lxcPath, '-n', NAME, '--', '/bin/sleep', '120']);
  try {
    for (const name of ['vm1', 'vm1-dmz'])
      await lab.eventually(
        `${name} is ready`,
        async () => (await lab.condition('link', name))?.status === 'True',
      );
    const pid = lab.host.exec('lxc-info', '-P', lxcPath, '-n', NAME, '-p', '-H').trim();
    const inside = lab.host.exec('nsenter', `--net=/proc/${pid}/ns/net`, 'ip', 'address');
    for (const wanted of [
      'eth0@',
      'mtu 1400',
      '00:16:3e:00:00:01',
      '10.10.20.10/24',
      'eth1@',
      '10.10.21.10/24',
    ])
      expect(inside).toContain(wanted);
  } finally {
    lab.host.run(['lxc-stop', '-P', lxcPath, '-n', NAME, '-k']);
  }
});
