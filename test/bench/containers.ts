import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, veth } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { ReadyWatch } from '../support/ready-watch.ts';
import { type Scenario, inTurn } from './support.ts';

/*
 * Fifty LXC containers that start at once: how long until the last one's init runs where only LXC makes its network, and
 * until the last Link is Ready where lxcnet does. Each time on a new host.
 */

const CONTAINERS = 50;
const ROUNDS = 3;
const numbers = Array.from({ length: CONTAINERS }, (_, index) => 20 + index);
/** What LXC has to do by itself for what a Link gives the container. */
const byLxc = (number: number): readonly string[] =>
  veth(0, 'eth0', 'br0', `ipv4.address = 10.10.20.${number}/24`, 'ipv4.gateway = 10.10.20.1');

/** @returns when the last init ran, in milliseconds after the first was asked for. */
async function startAll(containers: readonly LxcContainer[]): Promise<{ before: number; started: number }> {
  const before = Date.now();
  for (const container of containers) container.start('echo x >/started');
  for (const container of containers) while (container.read('started') === '') await delay(10);
  const times = containers.map(
    ({ lxcPath, name }) => statSync(join(lxcPath, name, 'rootfs/started')).mtimeMs,
  );
  return { before, started: Math.max(...times) - before };
}

async function onlyLxc(): Promise<number> {
  await using lab = new Lab();
  using stack = new DisposableStack();
  lab.host.exec('ip', 'link', 'add', 'br0', 'type', 'bridge');
  lab.host.exec('ip', 'address', 'add', '10.10.20.1/24', 'dev', 'br0');
  lab.host.exec('ip', 'link', 'set', 'br0', 'up');
  const containers = numbers.map((number) => stack.use(new LxcContainer(lab, byLxc(number), `c${number}`)));
  return (await startAll(containers)).started;
}

async function withLxcnet(network: (number: number) => readonly string[]): Promise<number> {
  await using lab = new Lab();
  using stack = new DisposableStack();
  const containers = numbers.map((number) => stack.use(new LxcContainer(lab, network(number), `c${number}`)));
  const links = containers.map(({ name, lxcPath }) =>
    link(name, '', Number(name.slice(1)), { container: { lxc: name, lxcPath } }),
  );
  lab.write('a.yaml', bridge('br0'), ...links);
  await lab.start();
  using watch = new ReadyWatch(lab);
  const { before } = await startAll(containers);
  const ready = await Promise.all(containers.map(({ name }) => watch.seen(name, true, before, 120_000)));
  return Math.max(...ready) - before;
}

export const containers: Scenario = async (report) => {
  const took = await inTurn(ROUNDS, {
    lxc: onlyLxc,
    veth: () => withLxcnet(byLxc),
    empty: () => withLxcnet(() => EMPTY),
  });
  report('LXC alone: per container', took.lxc / CONTAINERS, 'ms');
  report('lxcnet takes over what LXC makes: per container', took.veth / CONTAINERS, 'ms');
  report('lxcnet makes it: per container', took.empty / CONTAINERS, 'ms');
  report('lxcnet takes over, against LXC alone', took.veth / took.lxc, '×', 1.3);
  report('lxcnet makes it, against LXC alone', took.empty / took.lxc, '×', 1.3);
};
