import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { OUTSIDE } from '../support/lxc.ts';
import { bridge, link, policy } from '../support/manifests.ts';
import { printed, runsHere } from '../support/programs.ts';

const NAME = `lxnt${process.pid}`;

/** Debian's podman asks for higher ones than this process may have. */
const LIMITS = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'];

/** A root file system that has the host's programs, once /usr is mounted in it. */
function emptyRoot(lab: Lab): string {
  const root = join(lab.directory, 'root');
  for (const name of ['usr', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'var'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  writeFileSync(join(root, 'etc/os-release'), '');
  return root;
}

/** What is expected of every container, however it was started: its address, and of the client's ports only the allowed one. */
async function expectNetwork(lab: Lab, name: string, pid: string): Promise<void> {
  await lab.eventually(
    `${name} is ready`,
    async () => (await lab.condition('link', name))?.status === 'True',
  );
  const inside = ['nsenter', `--net=/proc/${pid}/ns/net`];
  expect(lab.host.exec(...inside, 'ip', 'address', 'show', 'dev', 'eth0')).toContain('10.10.20.10/24');
  for (const [port, works] of [
    [25, true],
    [80, false],
  ] as const) {
    const script = `import socket; socket.create_connection(('${CLIENT}', ${port}), 1)`;
    expect(lab.host.run([...inside, 'python3', '-c', script]).status === 0, String(port)).toBe(works);
  }
}

async function start(lab: Lab, container: object): Promise<void> {
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('c', '', 10, { container }),
    policy('mail', 'c', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 25 }] }] }),
  );
  await lab.start();
  for (const port of [25, 80]) await lab.client.serve(port);
}

it('a sandbox of bubblewrap has its network by its process id', async (context) => {
  const bwrap = ['bwrap', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--unshare-net'];
  if (!runsHere('bubblewrap', [...bwrap, 'true'])) return context.skip();
  await using lab = new Lab();
  const sandbox = lab.follow([...bwrap, '--unshare-pid', '--info-fd', '1', 'sleep', '60']);
  const pid = await printed(sandbox, /"child-pid": (\d+)/);
  await start(lab, { pid: Number(pid) });
  await expectNetwork(lab, 'c', pid);
  process.kill(Number(pid), 'SIGKILL');
  await lab.eventually(
    'it is gone',
    async () => (await lab.condition('link', 'c'))?.reason === 'ContainerNotRunning',
  );
});

it('a container of podman has its network by its process id', async (context) => {
  await using lab = new Lab();
  const at = (name: string): string => join(lab.directory, name);
  const podman = ['podman', '--root', at('images'), '--runroot', at('podman'), '--tmpdir', at('libpod')];
  const options = ['--cgroup-manager=cgroupfs', '--events-backend=none', '--storage-driver=vfs'];
  const run = [...podman, ...options, 'run', '--network=none', '--cgroups=disabled', ...LIMITS];
  const rest = ['--volume=/usr:/usr:ro', '--rootfs', emptyRoot(lab)];
  if (!runsHere('podman', [...run, '--rm', ...rest, '/bin/true'])) return context.skip();
  lab.follow([...run, `--name=${NAME}`, `--pidfile=${at('pid')}`, ...rest, '/bin/sleep', '60']);
  const pid = await lab.eventually('it runs', () => lab.host.run(['cat', at('pid')]).stdout.trim());
  await start(lab, { pid: Number(pid) });
  await expectNetwork(lab, 'c', pid);
  lab.host.run([...podman, ...options, 'rm', '--force', '--time=0', NAME]);
});

/** What systemd-machined does for a machine that systemd-nspawn registers, where there is no systemd to run it. */
const MACHINECTL = `#!/bin/sh
echo "$@" >>CALLS
exec cat "/run/systemd/machines/NAME.leader"
`;

it('a machine of systemd-nspawn has its network by its name, and one that is absent costs no program', async (context) => {
  await using lab = new Lab();
  const root = emptyRoot(lab);
  const nspawn = ['systemd-nspawn', '-q', '--register=no', '--keep-unit', '--as-pid2', '--private-network'];
  const rest = ['-D', root, '--bind-ro=/usr', '-M', NAME];
  if (!runsHere('systemd-nspawn', [...nspawn, ...rest, '/bin/true'])) return context.skip();
  console.log(
    'systemd does not run in here: what systemd-machined tells of systemd-nspawn comes from a script',
  );
  const [registry, calls, program] = ['machines', 'calls', 'machinectl'].map((one) =>
    join(lab.directory, one),
  );
  mkdirSync(registry!);
  writeFileSync(calls!, '');
  writeFileSync(program!, MACHINECTL.replace('CALLS', calls!).replace('NAME', NAME), { mode: 0o755 });
  const prelude = [
    'mkdir -p /run/systemd/machines',
    `mount --bind ${registry} /run/systemd/machines`,
    `mount --bind ${program} /usr/bin/machinectl`,
  ];
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('c', '', 10, { container: { machine: NAME } }),
    policy('mail', 'c', { policyTypes: ['Egress'], egress: [{ ports: [{ port: 25 }] }] }),
  );
  await lab.start(prelude.join('\n'));
  for (const port of [25, 80]) await lab.client.serve(port);
  expect((await lab.condition('link', 'c'))?.message).toContain(`the machine '${NAME}' is not running`);
  for (let round = 1; round <= 2; round++) {
    const machine = lab.follow([
      ...OUTSIDE,
      ...nspawn,
      ...rest,
      '/bin/sh',
      '-c',
      'echo started; exec sleep 60',
    ]);
    await printed(machine, /started/);
    const outer = lab.host.exec('pgrep', '-P', String(machine.pid)).trim();
    writeFileSync(join(registry!, `${NAME}.leader`), `${outer}\n`);
    // At once, as systemd-machined does: a file that is written to is another than before.
    writeFileSync(join(registry!, '.new'), '# This is private data. Do not parse.\n');
    renameSync(join(registry!, '.new'), join(registry!, NAME));
    await expectNetwork(lab, 'c', outer);
    // Once per start, not once per look.
    await lab.ready();
    expect(lab.host.exec('cat', calls!)).toBe(`show --property=Leader --value -- ${NAME}\n`.repeat(round));
    process.kill(Number(outer), 'SIGKILL');
    // The file may outlive the leader.
    await lab.eventually(
      'it is gone',
      async () => (await lab.condition('link', 'c'))?.reason === 'ContainerNotRunning',
    );
    lab.host.exec('rm', join(registry!, NAME));
  }
});
