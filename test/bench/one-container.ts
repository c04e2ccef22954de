import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Lab, NODE } from '../support/lab.ts';
import { EMPTY, LxcContainer, hooks, runHook, veth } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { ReadyWatch } from '../support/ready-watch.ts';
import { median } from './statistics.ts';
import type { Report, Scenario } from './support.ts';

/*
 * One LXC container on a quiet host: how long after its init's first instruction its Link is Ready, and what each hook
 * takes of a start in which all is in place, beside a start of Node that does nothing.
 */

const STARTS = 10;
const RUNS = 20;
const WHICH = ['pre-start', 'start-host', 'post-stop'];
/** The most that may pass from a start to Ready. Milliseconds. */
const LONGEST = 200;

async function startsOf(label: string, network: readonly string[], report: Report): Promise<void> {
  await using lab = new Lab();
  using container = new LxcContainer(lab, network);
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { container: { lxc: 'vm1', lxcPath: container.lxcPath } }),
  );
  await lab.start();
  using watch = new ReadyWatch(lab);
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const before = Date.now();
    container.start('echo x >/started');
    const ready = await watch.seen('vm1', true, before);
    times.push(ready - statSync(join(lab.directory, 'lxc/vm1/rootfs/started')).mtimeMs);
    const stopped = Date.now();
    container.stop();
    await watch.seen('vm1', false, stopped);
  }
  report(`from init's first instruction to Ready: ${label}`, median(times), 'ms', LONGEST);
}

/** @returns the median, in milliseconds. */
function timesOf(work: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return median(times);
}

async function hooksInPlace(report: Report): Promise<void> {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, WHICH)]);
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { container: { lxc: 'vm1', lxcPath: container.lxcPath } }),
  );
  await lab.start();
  container.start();
  await lab.eventually('it is ready', async () => (await lab.condition('link', 'vm1'))?.status === 'True');
  const pid = Number(container.pid());
  const alone = timesOf(() => lab.host.exec('env', 'sh', '-c', `exec ${NODE} -e 0`));
  report('Node that does nothing', alone, 'ms');
  for (const which of WHICH) {
    const took = timesOf(() => {
      const { status, stderr } = runHook(lab, which, { pid });
      if (status !== 0) throw new Error(`${which}: ${stderr}`);
    });
    report(`hook ${which}`, took, 'ms');
  }
}

export const oneContainer: Scenario = async (report) => {
  await startsOf('lxcnet makes the pair', EMPTY, report);
  await startsOf('LXC makes the pair', veth(0, 'eth0', 'br0'), report);
  await hooksInPlace(report);
};
