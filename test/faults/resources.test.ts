import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { WITH_EVENT, record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, route } from '../support/manifests.ts';

/** A state directory of a few kilobytes, which only the daemon sees. */
function smallDisk(lab: Lab): readonly string[] {
  const state = join(lab.directory, 'state');
  const mount = `mkdir -p ${state} && mount -t tmpfs -o size=32k tmpfs ${state}`;
  return ['unshare', '--mount', 'sh', '-c', `${mount} && exec "$@"`, 'sh'];
}

const isolated = (lab: Lab): boolean =>
  lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'lx-vm1').includes('isolated on');

async function heals(lab: Lab, fault: string): Promise<void> {
  lab.host.exec('ip', 'link', 'set', 'lx-vm1', 'type', 'bridge_slave', 'isolated', 'off');
  const start = performance.now();
  await lab.eventually(`${fault}: drift is put right`, () => isolated(lab), WITH_EVENT);
  record({ fault: `drift while ${fault}`, healed: performance.now() - start, limit: WITH_EVENT });
}

it('with a full disk drift is put right, what is new waits and says why, and is made when there is room', async () => {
  await using lab = new Lab(smallDisk);
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  const filler = join(`/proc/${lab.pid}/root`, lab.directory, 'state/filler');
  const fill = (): number =>
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k'], { stdio: 'ignore' }).status!;
  expect(fill()).not.toBe(0);
  await heals(lab, 'the disk is full');
  lab.write('b.yaml', route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.eventually('the new one says why', async () =>
    (await lab.condition('route', 'one'))?.message.includes('the inventory cannot be written: ENOSPC'),
  );
  // Not made: after a crash nobody would know that it is lxcnet's. Neither by a later attempt.
  lab.cli('reconcile');
  expect(lab.host.exec('ip', 'route')).not.toContain('10.41.0.0');
  await heals(lab, 'the disk is full and something new waits');
  await lab.stop('SIGKILL');
  expect(isolated(lab)).toBe(true);
});

it('when there is room again, what waited is made by itself', async () => {
  await using lab = new Lab(smallDisk);
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  const filler = join(`/proc/${lab.pid}/root`, lab.directory, 'state/filler');
  spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1k'], { stdio: 'ignore' });
  lab.write('b.yaml', route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.eventually('it waits', async () => (await lab.condition('route', 'one'))?.status === 'False');
  writeFileSync(filler, '');
  const start = performance.now();
  await lab.eventually('it is made', () => lab.host.exec('ip', 'route').includes('10.41.0.0'));
  record({ fault: 'a full disk', healed: performance.now() - start });
});

it('with a state directory that becomes read-only it is the same, and what waited is made when it can be written', async () => {
  await using lab = new Lab(smallDisk);
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  const remount = (mode: 'ro' | 'rw'): void => {
    const mount = ['mount', '-o', `remount,${mode}`, join(lab.directory, 'state')];
    expect(spawnSync('nsenter', ['--mount', '--target', String(lab.pid), ...mount]).status).toBe(0);
  };
  remount('ro');
  await heals(lab, 'the state directory is read-only');
  lab.write('b.yaml', route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.eventually('the new one says why', async () =>
    (await lab.condition('route', 'one'))?.message.includes('the inventory cannot be written: EROFS'),
  );
  expect(lab.host.exec('ip', 'route')).not.toContain('10.41.0.0');
  remount('rw');
  const start = performance.now();
  await lab.eventually('it is made', () => lab.host.exec('ip', 'route').includes('10.41.0.0'));
  record({ fault: 'a read-only state directory', healed: performance.now() - start, leaked: drips.leaked() });
  await lab.ready();
});

it('without file descriptors the daemon stays, the network too, and it recovers by itself', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  await vm1.serve(80);
  const limit = (count: number): void => {
    spawnSync('prlimit', ['--pid', String(lab.pid), `--nofile=${count}:4096`]);
  };
  limit(readdirSync(`/proc/${lab.pid}/fd`).length - 5);
  // The shells that are there already go on putting right what `ip` does.
  for (let drift = 0; drift < 4; drift++) {
    lab.host.exec('ip', 'link', 'set', 'lx-vm1', 'type', 'bridge_slave', 'isolated', 'off');
    await lab.eventually('the port is isolated', () => isolated(lab));
  }
  // The filter, too, with the nft that stands by: once.
  for (let drift = 0; drift < 3; drift++) {
    lab.host.run(['nft', 'delete', 'element', 'inet', 'lxcnet', 'denied_egress4', '{ 10.10.20.10 }']);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(isCounted(lab)).toBe(false);
  expect(await lab.host.probe('10.10.20.10', 80)).toMatchObject({ server: 'vm1' });
  limit(4_096);
  const start = performance.now();
  await lab.eventually('drift is put right', () => isCounted(lab));
  record({ fault: 'no file descriptors', healed: performance.now() - start, leaked: drips.leaked() });
  await lab.ready();
});

function isCounted(lab: Lab): boolean {
  return lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'denied_egress4').includes('10.10.20.10');
}
