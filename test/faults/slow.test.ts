import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy, route } from '../support/manifests.ts';
import { filterText } from '../support/netfilter-drift.ts';
import { late, replaceHelper } from '../support/netlink-helper.ts';
import { OwnPrograms } from '../support/own-programs.ts';

/** A pass looks, writes, and looks again, each with programs that take a second; on a machine that is busy. */
const SLOW = 30_000;

const base = (vm1: string, port: number): object[] => [
  bridge('br0'),
  link('vm1', vm1, 10),
  policy('vm1', 'vm1', { ingress: [{ ports: [{ port }] }] }),
];
const isolated = (lab: Lab): boolean =>
  lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'lx-vm1').includes('isolated on');
const removeIsolation = (lab: Lab): void => {
  lab.host.exec('ip', 'link', 'set', 'lx-vm1', 'type', 'bridge_slave', 'isolated', 'off');
};
const routed = (lab: Lab): boolean => lab.host.exec('ip', 'route').includes('10.41.0.0/16');

it('programs that are slow make everything late and nothing wrong', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', ...base(vm1.name, 80));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  programs.replace('nft', 'sleep 1; exec $MACHINE/nft "$@"');
  replaceHelper(lab, programs, late(1));
  removeIsolation(lab);
  let start = performance.now();
  await lab.eventually('the port is isolated', () => isolated(lab), SLOW);
  record({
    fault: 'drift while rtnetlink and nft are slow',
    healed: performance.now() - start,
    limit: SLOW,
    leaked: drips.leaked(),
  });
  start = performance.now();
  for (const port of [81, 82])
    lab.write('a.yaml', ...base(vm1.name, port), route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.eventually(
    'the edit is in force',
    () => filterText(lab.host).includes('. 82') && routed(lab),
    SLOW,
  );
  record({
    fault: 'an edit while rtnetlink and nft are slow',
    healed: performance.now() - start,
    limit: SLOW,
    leaked: drips.leaked(),
  });
  expect(lab.cli('events').stdout).not.toMatch(/Failed|NotObserved/);
  for (const program of ['nft', 'perl']) programs.restore(program);
  await lab.ready();
});

/** What was put right; a container's neighbours are told when its port is isolated. */
const DISTURBED =
  /link\/vm1 +(interface lx-vm1: isolated 'off' → 'on'(; updated neighbours on eth0 in \S+)?|restored link_ports { "lx-vm1" }(; changed by process \d+ \(nft\))?)$/;

/** The daemon and every program that it runs now. */
function processes(daemon: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((text) => /^\d+$/.test(text))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // it has ended meanwhile
    }
  }
  const found = [daemon];
  for (const one of found) for (const [pid, parent] of parents) if (parent === one) found.push(pid);
  return found;
}

it('system calls that are interrupted, and listings in which something changes, mislead nobody', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', ...base(vm1.name, 80));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  const before = filterText(lab.host);
  // Whoever lists meanwhile is told by the kernel that the listing was interrupted: EINTR from nf_tables, a flag from routes.
  const storm = lab.follow([
    'sh',
    '-c',
    `nft add table inet other; while :; do
  nft 'add chain inet other c { type filter hook input priority 7; }; delete chain inet other c'
  ip link add storm0 type dummy; ip route add 10.88.0.0/16 via ${CLIENT}
  ip route delete 10.88.0.0/16; ip link delete storm0
done 2>/dev/null`,
  ]);
  // Stopping and going on interrupts what waits in the kernel.
  let interrupted = 0;
  const interrupt = setInterval(() => {
    for (const signal of ['SIGSTOP', 'SIGCONT'] as const)
      for (const pid of processes(lab.pid)) {
        try {
          process.kill(pid, signal);
          interrupted++;
        } catch {
          // it has ended meanwhile
        }
      }
  }, 20);
  try {
    for (let drift = 1; drift <= 5; drift++) {
      removeIsolation(lab);
      lab.host.exec('nft', 'delete', 'element', 'bridge', 'lxcnet', 'link_ports', '{ lx-vm1 }');
      const start = performance.now();
      const isRight = (): boolean => isolated(lab) && filterText(lab.host) === before;
      // What is put right before this program looks leaves the timer no time.
      await lab.eventually('it is interrupted', () => interrupted >= 40 * drift);
      await lab.eventually('both are put right', isRight, SLOW);
      record({
        fault: 'drift while system calls are interrupted',
        healed: performance.now() - start,
        limit: SLOW,
        leaked: drips.leaked(),
      });
    }
    const start = performance.now();
    lab.write('a.yaml', ...base(vm1.name, 81), route('one', { to: '10.41.0.0/16', via: CLIENT }));
    await lab.eventually(
      'the edit is in force',
      () => filterText(lab.host).includes('. 81') && routed(lab),
      SLOW,
    );
    record({
      fault: 'an edit while system calls are interrupted',
      healed: performance.now() - start,
      limit: SLOW,
      leaked: drips.leaked(),
    });
    const { stdout } = lab.cli('events');
    expect(stdout).not.toMatch(/Failed|NotObserved|Removed|tables/);
    // What was put right is what was disturbed, and nothing else.
    const corrected = stdout.split('\n').filter((line) => line.includes('DriftCorrected'));
    for (const line of corrected) expect(line).toMatch(DISTURBED);
  } finally {
    clearInterval(interrupt);
    storm.kill('SIGKILL');
  }
  await lab.ready();
});
