import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followChanges } from '../support/changes.ts';
import { HOST } from '../support/lab-network.ts';
import { Scene, record } from '../support/fault-scene.ts';
import { filterText } from '../support/netfilter-drift.ts';

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  it(`${signal} and a start leave flows, elements and counters, and write nothing at all`, async () => {
    await using scene = new Scene();
    const { lab, host, vm1 } = scene;
    await scene.start();
    scene.drip();
    await vm1.serve(80);
    const alive = await lab.client.open(HOST, 80);
    const before = filterText(host);
    const denied = (): number =>
      [...host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'denied_egress4').matchAll(/packets (\d+)/g)]
        .map(([, packets]) => Number(packets))
        .reduce((one, other) => one + other, 0);
    await lab.eventually('something was denied', () => denied() > 10);
    const counted = denied();
    const changes = await followChanges(lab);
    await lab.stop(signal);
    expect(await alive()).toBe(true);
    await lab.start();
    await lab.ready();
    // Containers give themselves link-local addresses, some time after their link is up.
    expect((await changes()).filter((line) => !line.includes('fe80:'))).toEqual([]);
    expect(await alive()).toBe(true);
    expect(filterText(host)).toBe(before);
    expect(denied()).toBeGreaterThanOrEqual(counted);
    expect(lab.cli('events').stderr).toContain('No events found');
    const leaked = scene.leaked();
    record({ fault: `${signal} and a start`, survived: true, leaked });
  });
}

it('what somebody does to chains and rules while no daemon runs is found out by the next start', async () => {
  await using scene = new Scene();
  const { lab, host } = scene;
  await scene.start();
  const before = filterText(host);
  for (const command of [
    'nft insert rule inet lxcnet forward accept',
    'nft flush chain bridge lxcnet guard',
    'nft add chain inet lxcnet mine',
    'nft delete element inet lxcnet link_ports { lx-vm1 } || nft delete element bridge lxcnet link_ports { lx-vm1 }',
  ]) {
    await lab.stop('SIGKILL');
    host.run(['sh', '-c', command]);
    expect(filterText(host), command).not.toBe(before);
    const start = performance.now();
    await lab.start();
    expect(filterText(host), command).toBe(before);
    record({ fault: `while no daemon runs: ${command}`, healed: performance.now() - start });
  }
  // What was found at a start is not taken for what should be: tables that are flushed later are made anew once.
  host.exec('nft', 'flush', 'ruleset');
  await lab.eventually('they are back', () => filterText(host) === before);
  await lab.ready();
});

it('a second daemon on the same directories is refused, and told who has them', async () => {
  await using scene = new Scene();
  const { lab } = scene;
  await scene.start();
  const [state, run] = [join(lab.directory, 'state'), join(lab.directory, 'run')];
  for (const runtime of [run, join(lab.directory, 'run2')]) {
    const { status, stderr } = lab.second(state, runtime);
    expect(status).toBe(1);
    expect(stderr).toContain(`another lxcnet works with ${state}: process ${lab.pid} holds`);
  }
  const { status, stderr } = lab.second(join(lab.directory, 'state2'), run);
  expect(status).toBe(1);
  expect(stderr).toContain('another lxcnet already listens on');
  await lab.ready();
  // One that was killed leaves nothing that has to be cleared away.
  await lab.stop('SIGKILL');
  await lab.start();
  await lab.ready();
  record({ fault: 'a second daemon on the same directories', survived: true });
});
