import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { median } from '../bench/statistics.ts';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, veth } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { ReadyWatch } from '../support/ready-watch.ts';

const VETH = veth(0, 'eth0', 'br0');
const spec = ({ name, lxcPath }: LxcContainer): Record<string, unknown> => ({
  container: { lxc: name, lxcPath },
});

it.each([
  ['lxcnet makes the pair', EMPTY],
  ['LXC makes the pair', VETH],
])(
  'a container that is started again and again is ready soon after each start: %s',
  async (what, network) => {
    await using lab = new Lab();
    using container = new LxcContainer(lab, network);
    lab.write('a.yaml', bridge('br0'), link('vm1', '', 10, spec(container)));
    await lab.start();
    using watch = new ReadyWatch(lab);
    const took: number[] = [];
    for (let round = 0; round < 12; round++) {
      const before = Date.now();
      container.start('touch /started');
      const ready = await watch.seen('vm1', true, before);
      const started = statSync(join(container.lxcPath, 'vm1/rootfs/started')).mtimeMs;
      took.push(ready - started);
      const end = Date.now();
      if (round % 2 === 0) container.stop();
      else process.kill(Number(container.pid()), 'SIGKILL');
      await watch.seen('vm1', false, end);
      // The daemon sees init's end at once; LXC starts no container of this name before its monitor has tidied up.
      const socket = `@${container.lxcPath}/vm1/command`;
      const isHeld = (): boolean => lab.host.exec('cat', '/proc/net/unix').includes(socket);
      await lab.eventually('LXC has let go of it', () => !isHeld());
    }
    console.log(
      `${what}: ready ${Math.round(median(took))} ms after init's first instruction (median of 12)`,
    );
    // 200 ms where nothing else runs; ten times that is no back-off, which goes on to 60 s.
    expect(median(took)).toBeLessThan(2_000);
    expect(Math.max(...took.slice(-3))).toBeLessThan(5_000);
    expect(lab.cli('events').stdout).not.toContain('Contested');
  },
);

it('a container that ran before the daemon did is found, in whatever state it is', async () => {
  await using lab = new Lab();
  // The bridge of a daemon that has ended: LXC needs it.
  using early = new LxcContainer(lab, VETH);
  using frozen = new LxcContainer(lab, EMPTY, 'vm2');
  lab.write('a.yaml', bridge('br0'), link('vm1', '', 10, spec(early)), link('vm2', '', 11, spec(frozen)));
  await lab.start();
  await lab.stop();
  early.start('touch /started');
  frozen.startWithCgroups('touch /started');
  for (const one of [early, frozen])
    await lab.eventually(`${one.name} runs`, () => existsSync(join(one.lxcPath, one.name, 'rootfs/started')));
  frozen.freeze();
  await lab.start();
  for (const name of ['vm1', 'vm2'])
    await lab.eventually(
      `${name} is ready`,
      async () => (await lab.condition('link', name))?.status === 'True',
    );
  expect(early.run('ip', 'route')).toContain('default via 10.10.20.1');
  // What is done to a frozen container's interface is put right, too.
  expect(frozen.run('ip', 'address')).toContain('10.10.20.11/24');
  frozen.run('ip', 'address', 'flush', 'dev', 'eth0');
  await lab.eventually('it has its address again', () =>
    frozen.run('ip', 'address').includes('10.10.20.11/24'),
  );
  const before = frozen.run('cat', '/sys/class/net/eth0/ifindex');
  frozen.unfreeze();
  await lab.ready();
  expect(frozen.run('cat', '/sys/class/net/eth0/ifindex')).toBe(before);
});

it('a renamed container is another one, and one whose directory is moved while it runs keeps its network', async () => {
  await using lab = new Lab();
  using vm1 = new LxcContainer(lab, VETH);
  lab.write('a.yaml', bridge('br0'), link('vm1', '', 10, spec(vm1)));
  lab.write('b.yaml', link('other', '', 11, { container: { lxc: 'vm9', lxcPath: vm1.lxcPath } }));
  await lab.start();
  vm1.start();
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  const directory = join(vm1.lxcPath, 'vm1');
  renameSync(directory, `${directory}.moved`);
  lab.cli('reconcile');
  expect((await lab.condition('link', 'vm1'))?.status).toBe('True');
  renameSync(`${directory}.moved`, directory);
  vm1.stop();
  await lab.eventually(
    'it is gone',
    async () => (await lab.condition('link', 'vm1'))?.reason === 'ContainerNotRunning',
  );
  lab.host.exec('lxc-copy', '-P', vm1.lxcPath, '-n', 'vm1', '-N', 'vm9', '-R');
  using vm9 = new LxcContainer(lab, VETH, 'vm9');
  vm9.start();
  await lab.eventually(
    'the other Link is ready',
    async () => (await lab.condition('link', 'other'))?.status === 'True',
  );
  expect((await lab.condition('link', 'vm1'))?.reason).toBe('ContainerNotRunning');
  expect(vm9.run('ip', 'address')).toContain('10.10.20.11/24');
});
