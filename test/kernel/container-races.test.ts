import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { late, replaceHelper } from '../support/netlink-helper.ts';
import { OwnPrograms } from '../support/own-programs.ts';

/** More than a pass has rounds. */
const CONTAINERS = 8;
/** A round looks, writes and looks again; seconds. */
const LATE = 0.1;

/** A daemon that speaks rtnetlink slowly, so that there is time between what it does. */
function makeLab(): { lab: Lab; slowDown: () => void } {
  const { lab, programs } = OwnPrograms.around((around) => new Lab(around));
  return { lab, slowDown: () => replaceHelper(lab, programs, late(LATE)) };
}

/** What a metric counts of Links. */
async function count(lab: Lab, metric: string): Promise<number> {
  const pattern = new RegExp(`^${metric}\\{kind="Link"[^}]*\\} (\\d+)$`, 'm');
  return Number(pattern.exec(await lab.http('/metrics'))?.[1]);
}

const hasInterface = (lab: Lab, name: string): Promise<boolean> =>
  lab.eventually(
    `${name} has its interface`,
    () => lab.host.run(['ip', 'link', 'show', 'dev', `lx-${name}`]).status === 0,
  );

it('containers that come one after the other, each while a pass is under way, become ready without a failure', async () => {
  const { lab: made, slowDown } = makeLab();
  await using lab = made;
  const names = Array.from({ length: CONTAINERS }, (_, index) => `vm${10 + index}`);
  const links = names.map((name, index) => link(name, `${lab.prefix}${name}`, 10 + index));
  lab.write('a.yaml', bridge('br0'), ...links);
  await lab.start();
  slowDown();
  for (const name of names) {
    lab.container(name);
    await hasInterface(lab, name);
  }
  await lab.ready();
  expect(await count(lab, 'lxcnet_batch_operations_total')).toBeGreaterThanOrEqual(CONTAINERS);
  expect(await count(lab, 'lxcnet_reconcile_errors_total')).toBe(0);
});

it('a container that goes while its interface is being made, and comes back, is no failure', async () => {
  const { lab: made, slowDown } = makeLab();
  await using lab = made;
  const name = `${lab.prefix}vm1`;
  lab.write('a.yaml', bridge('br0'), link('vm1', name, 10));
  await lab.start();
  slowDown();
  for (let time = 0; time < 5; time++) {
    spawnSync('ip', ['netns', 'add', name]);
    await hasInterface(lab, 'vm1');
    // What follows the creation is still to come, and finds nothing.
    spawnSync('ip', ['netns', 'delete', name]);
  }
  const vm1 = lab.container('vm1');
  await lab.eventually('it has its address', () =>
    vm1.run(['ip', 'address', 'show', 'dev', 'eth0']).stdout.includes('10.10.20.10/24'),
  );
  await lab.ready();
  const warnings = lab
    .cli('events')
    .stdout.split('\n')
    .filter((line) => line.includes(' Warning '));
  expect(warnings).toEqual([]);
  expect(await count(lab, 'lxcnet_reconcile_errors_total')).toBe(0);
});
