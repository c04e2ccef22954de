import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { record } from '../support/fault-scene.ts';

/** What one process may take of a processor while somebody writes fifty times a second; beside other tests. */
const MOST_CPU = 0.6;

/** Seconds of processor time that the daemon and the programs that it has run have taken. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

const RIVALS = [
  {
    what: 'an MTU',
    command: 'ip link set lx-vm1 mtu 1300',
    opensFilter: false,
    resource: ['link', 'vm1'],
    fact: 'interface lx-vm1: mtu',
    right: (lab: Lab) => lab.host.exec('ip', 'link', 'show', 'dev', 'lx-vm1').includes('mtu 1500'),
  },
  {
    what: 'an element of the filter',
    command: "nft delete element inet lxcnet bridges '{ br0 }'",
    opensFilter: true,
    resource: ['bridge', 'br0'],
    fact: 'bridges { "br0" }',
    right: (lab: Lab) => lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'bridges').includes('br0'),
  },
  {
    what: 'the tables',
    command: 'nft delete table inet lxcnet',
    opensFilter: true,
    resource: ['link', 'vm1'],
    fact: 'the tables inet and bridge lxcnet',
    right: (lab: Lab) => lab.host.exec('nft', 'list', 'tables').includes('table inet lxcnet'),
  },
  {
    what: 'an element that belongs to nobody',
    command: "nft add element inet lxcnet bridges '{ eth0 }'",
    opensFilter: false,
    resource: ['bridge', 'br0'],
    fact: 'bridges { "eth0" }',
    right: (lab: Lab) => !lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'bridges').includes('eth0'),
  },
] as const;

for (const { what, command, opensFilter, resource, fact, right } of RIVALS) {
  it(`${what} that something else rewrites every 20 ms is contested, and everything else goes on`, async () => {
    await using lab = new Lab();
    const vm1 = lab.container('vm1');
    lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
    await lab.start();
    await lab.ready();
    using drips = new Drips(lab);
    const rival = lab.follow(['sh', '-c', `while :; do ${command}; sleep 0.02; done 2>/dev/null`]);
    const [kind, name] = resource;
    await lab.eventually(
      'it is contested',
      async () => (await lab.condition(kind, name, 'Contested'))?.status === 'True',
    );
    expect((await lab.condition(kind, name, 'Contested'))?.message).toContain(
      `something else keeps rewriting ${fact}`,
    );
    await lab.eventually(
      'it is not ready',
      async () => (await lab.condition(kind, name))?.reason === 'Contested',
    );
    expect(await lab.http('/metrics')).toMatch(
      new RegExp(`lxcnet_resource_contested\\{kind="${kind}",[^}]*name="${name}"\\} 1`, 'i'),
    );
    expect(lab.cli('events').stdout).toMatch(/Warning +Contested +/);

    const before = cpuSeconds(lab.pid);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const share = (cpuSeconds(lab.pid) - before) / 3;
    console.log(`contested ${what}: ${(share * 100).toFixed(0)} % of a processor`);
    expect(share).toBeLessThan(MOST_CPU);

    // What nobody contests is put right as ever.
    lab.host.exec('ip', 'link', 'set', 'lx-vm1', 'type', 'bridge_slave', 'isolated', 'off');
    await lab.eventually(
      'isolation is back',
      () => lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'lx-vm1').includes('isolated on'),
      1_500,
    );
    rival.kill('SIGKILL');
    // The shell's last command may still run.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const start = performance.now();
    expect(lab.cli('reconcile').status).toBe(0);
    expect(right(lab)).toBe(true);
    record({
      fault: `${what} that was contested, after reconcile`,
      healed: performance.now() - start,
      leaked: drips.leaked(),
      opensFilter,
    });
    await lab.eventually('it is ready', async () => (await lab.condition(kind, name))?.status === 'True');
    expect(await lab.condition(kind, name, 'Contested')).toBeUndefined();
  });
}
