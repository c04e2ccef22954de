import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, forward, link } from '../support/manifests.ts';

/** An application container that sees the host's programs, as in the old how-to, and does nothing. */
class Container {
  readonly lxcPath: string;
  readonly #lab: Lab;

  constructor(lab: Lab, network: readonly string[]) {
    this.#lab = lab;
    this.lxcPath = join(lab.directory, 'lxc');
    const root = join(this.lxcPath, 'vm1/rootfs');
    const shared = ['lib', 'bin', 'usr', 'sbin', 'lib64'];
    for (const directory of [...shared, 'proc', 'sys', 'dev'])
      mkdirSync(join(root, directory), { recursive: true });
    const mounts = shared.map(
      (directory) => `lxc.mount.entry = /${directory} ${directory} none ro,bind,optional 0 0`,
    );
    const config = [
      'lxc.uts.name = vm1',
      `lxc.rootfs.path = dir:${root}`,
      'lxc.apparmor.profile = unconfined',
      ...mounts,
      ...network,
    ];
    writeFileSync(join(this.lxcPath, 'vm1/config'), `${config.join('\n')}\n`);
  }

  start(): void {
    this.#lab.follow(['lxc-execute', '-P', this.lxcPath, '-n', 'vm1', '--', '/bin/sleep', '120']);
  }

  stop(): void {
    this.#lab.host.run(['lxc-stop', '-P', this.lxcPath, '-n', 'vm1', '-k']);
  }

  pid(): string {
    return this.#lab.host.run(['lxc-info', '-P', this.lxcPath, '-n', 'vm1', '-p', '-H']).stdout.trim();
  }

  /** Runs a program in its network namespace. */
  run(...argv: readonly string[]): string {
    return this.#lab.host.run(['nsenter', `--net=/proc/${this.pid()}/ns/net`, ...argv]).stdout;
  }
}

it.each([
  ['makes the veth pair of a container that has none', ['lxc.net.0.type = empty']],
  [
    'takes over the veth pair that LXC made',
    ['lxc.net.0.type = veth', 'lxc.net.0.link = br0', 'lxc.net.0.flags = up', 'lxc.net.0.name = eth0'],
  ],
])('lxcnet %s, and again after a restart', async (_, network) => {
  await using lab = new Lab();
  const container = new Container(lab, network);
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath }, macAddress: '00:11:22:33:44:55' };
  lab.write('a.yaml', bridge('br0'), link('vm1', 'unused', 10, spec), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  expect(lab.condition('link', 'vm1', 'ReferencesResolved')?.reason).toBe('ContainerNotRunning');
  try {
    for (const round of ['first', 'second']) {
      container.start();
      await lab.eventually(
        `the ${round} start is ready`,
        () => lab.condition('link', 'vm1')?.status === 'True',
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
        () => lab.condition('link', 'vm1')?.reason === 'ContainerNotRunning',
      );
    }
  } finally {
    container.stop();
  }
});
