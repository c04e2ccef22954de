import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { EMPTY, LxcContainer, hooks, veth, withEtc } from '../support/lxc.ts';
import { bridge, link, policy } from '../support/manifests.ts';

/** Whether something in the container reaches a port of the client. */
function connects(container: LxcContainer, port: number): boolean {
  const script = `import socket; socket.create_connection(('${CLIENT}', ${port}), 1); print('ok')`;
  return container.run('/usr/bin/python3', '-c', script) === 'ok\n';
}

const MAPPED = ['lxc.idmap = u 0 100000 65536', 'lxc.idmap = g 0 100000 65536'];

it.each([
  ['lxcnet makes the pair', EMPTY, []],
  ['LXC makes the pair', veth(0, 'eth0', 'br0'), []],
  ['LXC makes the pair, with hooks', veth(0, 'eth0', 'br0'), ['pre-start', 'start-host', 'post-stop']],
])('a container whose users are mapped has its network and its policy: %s', async (_, network, which) => {
  await using lab = new Lab();
  // Its root has to get at its own files.
  chmodSync(lab.directory, 0o755);
  const around = withEtc(lab, { subuid: 'root:100000:65536\n', subgid: 'root:100000:65536\n' });
  using container = new LxcContainer(lab, [...network, ...MAPPED, ...hooks(lab, which)], 'vm1', around);
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { container: { lxc: 'vm1', lxcPath: container.lxcPath } }),
    policy('mail', 'vm1', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 25 }] }] }),
  );
  await lab.start();
  for (const port of [25, 80]) await lab.client.serve(port);
  container.start();
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  expect(lab.host.exec('cat', `/proc/${container.pid()}/uid_map`)).toMatch(/^\s*0\s+100000\s+65536/);
  const inside = container.run('ip', 'address');
  for (const wanted of ['10.10.20.10/24', 'fd00:20::10/64', 'state UP']) expect(inside).toContain(wanted);
  expect(connects(container, 25)).toBe(true);
  expect(connects(container, 80)).toBe(false);
  // What root in the container does to its own interface is put right.
  lab.host.exec('nsenter', '-t', container.pid(), '-U', '-n', 'ip', 'address', 'flush', 'dev', 'eth0');
  await lab.eventually('it is put right', () => container.run('ip', 'address').includes('10.10.20.10/24'));
});

const USER = 54_321;

it.each([
  ['lxcnet makes the pair', EMPTY],
  ['lxc-user-nic makes the pair', veth(0, 'eth0', 'br0')],
])('a container that a user starts has its network and its policy: %s', async (_, network) => {
  await using lab = new Lab();
  chmodSync(lab.directory, 0o755);
  const etc = withEtc(lab, {
    passwd: `${readFileSync('/etc/passwd', 'utf8')}lxnt:x:${USER}:${USER}::${lab.directory}/home:/bin/sh\n`,
    group: `${readFileSync('/etc/group', 'utf8')}lxnt:x:${USER}:\n`,
    subuid: 'lxnt:200000:65536\n',
    subgid: 'lxnt:200000:65536\n',
    'lxc/lxc-usernet': 'lxnt veth br0 2\n',
  });
  const home = join(lab.directory, 'home');
  const user = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', 'env', `HOME=${home}`];
  const mapped = MAPPED.map((line) => line.replace('100000', '200000'));
  using container = new LxcContainer(lab, [...network, ...mapped], 'vm1', [...etc, ...user]);
  for (const path of [home, join(home, '.cache')]) mkdirSync(path, { recursive: true });
  lab.host.exec('chown', '-R', `${USER}:${USER}`, home, container.lxcPath);
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { container: { lxc: 'vm1', lxcPath: container.lxcPath } }),
    policy('mail', 'vm1', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 25 }] }] }),
  );
  await lab.start();
  for (const port of [25, 80]) await lab.client.serve(port);
  container.start();
  await lab.eventually(
    `it is ready: ${container.logged()}`,
    async () => (await lab.condition('link', 'vm1'))?.status === 'True',
  );
  expect(lab.host.exec('cat', `/proc/${container.pid()}/uid_map`)).toMatch(/^\s*0\s+200000\s+65536/);
  expect(connects(container, 25)).toBe(true);
  expect(connects(container, 80)).toBe(false);
  container.stop();
  await lab.eventually(
    'it is gone',
    async () => (await lab.condition('link', 'vm1'))?.reason === 'ContainerNotRunning',
  );
});
