import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followChanges } from '../support/changes.ts';
import { Scene, record } from '../support/fault-scene.ts';
import { HOST } from '../support/lab-network.ts';
import { filterText } from '../support/netfilter-drift.ts';
import type { NetNs } from '../support/netns.ts';

/** How many packets of each link were denied. */
function denied(host: NetNs): ReadonlyMap<string, number> {
  const text = host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'denied_egress4');
  return new Map(
    [...text.matchAll(/(\S+) counter packets (\d+)/g)].map(([, of, packets]) => [of!, Number(packets)]),
  );
}

it('a start puts right what somebody did meanwhile to one link and one route, and writes nothing else', async () => {
  await using scene = new Scene();
  const { lab, host, vm1, vm2 } = scene;
  await scene.start();
  scene.drip();
  await vm1.serve(80);
  const alive = await lab.client.open(HOST, 80);
  await lab.eventually('something was denied', () => [...denied(host).values()].some((count) => count > 10));
  const see = (): string =>
    host.exec('sh', '-c', 'ip route show proto 199; ip -o link show dev lx-vm2') +
    vm2.exec('sh', '-c', 'ip -o -4 address show dev eth0; ip route') +
    filterText(host);
  const before = see();
  await lab.stop('SIGKILL');
  for (const command of [
    'ip route delete 10.30.0.0/16',
    'ip link set lx-vm2 mtu 1300',
    'nft delete element bridge lxcnet link_ports { lx-vm2 }',
  ])
    host.exec('sh', '-c', command);
  vm2.exec('ip', 'address', 'delete', '10.10.20.11/24', 'dev', 'eth0');
  expect(see()).not.toBe(before);
  const counted = denied(host);
  // Which elements change is told by nft alone.
  const changes = await followChanges(lab, ['nft', 'monitor']);
  const start = performance.now();
  await lab.start();
  await lab.eventually('all is as before', () => see() === before);
  record({ fault: 'changes of one link while no daemon ran', healed: performance.now() - start });
  const [vm2Device] = host.json('ip', '-j', 'link', 'show', 'dev', 'lx-vm2') as { link_netnsid: number }[];
  const ofOthers = (await changes()).filter(
    (line) =>
      !line.startsWith(`[nsid ${vm2Device!.link_netnsid}]`) &&
      !/ lx-vm2@| lx-vm2 |"lx-vm2"|^\[nsid current\]10\.30\.0\.0\/16 |^# new generation /.test(line),
  );
  expect(ofOthers).toEqual([]);
  const now = denied(host);
  for (const [of, packets] of counted) expect(now.get(of), of).toBeGreaterThanOrEqual(packets);
  expect(await alive()).toBe(true);
});

/** What another version may have left of the state directory. */
const STATES: readonly (readonly [what: string, change: (file: string) => void])[] = [
  ['knew no fingerprint', (file) => rmSync(file)],
  ['knew another fingerprint', (file) => writeFileSync(file, '{"fingerprint":"of another version"}')],
  ['wrote it in another way', (file) => writeFileSync(file, '{"version":7,"tables":[]}')],
];

it.each(STATES)(
  'tables of a version that %s are made anew: flows go on, nothing passes',
  async (what, change) => {
    await using scene = new Scene();
    const { lab, host, vm1 } = scene;
    await scene.start();
    await vm1.serve(80);
    const alive = await lab.client.open(HOST, 80);
    const before = filterText(host);
    await lab.stop();
    const layout = /chain (layout_\w+)/.exec(host.exec('nft', 'list', 'table', 'inet', 'lxcnet'))![1]!;
    host.run(
      ['nft', '-f', '-'],
      `delete chain inet lxcnet ${layout}
add chain inet lxcnet layout_of_another_version
add set inet lxcnet former { type ipv4_addr; elements = { 10.0.0.1 }; }
`,
    );
    expect(filterText(host)).not.toBe(before);
    change(join(lab.directory, 'state/filter.json'));
    scene.drip();
    const start = performance.now();
    await lab.start();
    await lab.eventually('the tables are those of this version', () => filterText(host) === before);
    expect(await alive()).toBe(true);
    await lab.ready();
    const leaked = scene.leaked();
    record({ fault: `tables of a version that ${what}`, healed: performance.now() - start, leaked });
    // Once is enough.
    const changes = await followChanges(lab);
    await lab.stop();
    await lab.start();
    expect((await changes()).filter((line) => line.includes('lxcnet'))).toEqual([]);
  },
);
