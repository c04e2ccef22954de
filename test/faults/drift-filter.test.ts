import { expect, it } from 'vitest';
import { filterElements, filterText, setDrifts } from '../support/netfilter-drift.ts';
import { HOST } from '../support/lab-network.ts';
import { FULL, Scene } from '../support/fault-scene.ts';

const KINDS = 3;

it('what somebody changes in any set or map of the filter is put right and told', async () => {
  await using scene = new Scene();
  const { host, lab } = scene;
  await scene.start();
  scene.drip();
  const see = (): string => filterText(host);
  // The short form does one thing to each set, another one to each next set.
  const drifts = [...Map.groupBy(setDrifts(filterElements(host)), ({ set }) => set).values()].flatMap(
    (some, index) => (FULL ? some : [some[index % KINDS] ?? some[0]!]),
  );
  for (const { fault, transaction } of drifts) {
    const opensFilter = fault.includes('deleted');
    await scene.heals(fault, see, () => host.run(['nft', '-f', '-'], transaction), { opensFilter });
  }
  // Of an element of concatenated ranges `nft monitor` 1.0.6 says nothing as it leaves, and dies as it comes.
  const flush = (): string => host.exec('nft', 'flush', 'set', 'inet', 'lxcnet', 'network_port4');
  await scene.heals('network_port4 flushed', see, flush, { opensFilter: true });
  await lab.ready();
  const { stdout: events } = lab.cli('events');
  expect(events).toMatch(/DriftCorrected.*restored network_port4 .*; changed by process \d+ \(nft\)/);
  expect(events).toMatch(/DriftCorrected.*restored dnat_.*; changed by process \d+ \(nft\)/);
  expect(events).toMatch(/DriftCorrected.*dnat_.* \}: '.+' → '10\.10\.20\.10 \. 80'/);
});

/** Rules, chains, tables: what the elements rest on. */
const STRUCTURE: readonly string[] = [
  'nft flush chain inet lxcnet links',
  'nft flush chain bridge lxcnet guard',
  'nft insert rule inet lxcnet forward accept',
  'nft add rule inet lxcnet host tcp dport 22 accept',
  'nft add chain inet lxcnet mine',
  'nft add set inet lxcnet mine { type ipv4_addr\\; }',
  'nft chain inet lxcnet forward { policy drop\\; }',
  'nft delete table inet lxcnet',
  'nft delete table bridge lxcnet',
  'nft flush ruleset',
];

it('chains, rules and tables that somebody changes are made anew, and flows go on', async () => {
  await using scene = new Scene();
  const { host, vm1, lab } = scene;
  await scene.start();
  scene.drip();
  await vm1.serve(80);
  const alive = await lab.client.open(HOST, 80);
  for (const command of STRUCTURE) {
    await scene.heals(
      command,
      () => filterText(host),
      () => host.exec('sh', '-c', command),
      { opensFilter: true },
    );
    expect(await alive(), command).toBe(true);
    lab.cli('reconcile'); // else so many changes of one thing are a contest
  }
  await lab.ready();
  expect(lab.cli('events').stdout).toMatch(/tables inet and bridge lxcnet/);
});

it('a bridge that is deleted under running containers comes back with all of them', async () => {
  await using scene = new Scene();
  const { host, vm1, vm2, lab } = scene;
  await scene.start();
  scene.drip();
  await vm1.serve(80);
  const see = (): string =>
    [host, vm1, vm2]
      .map((netns) => netns.run(['sh', '-c', 'ip -br address; ip route; ip -6 route | grep -v fe80']).stdout)
      .join('')
      .replace(/@if\d+|(?<=\S) +/g, ' ')
      .split('\n')
      .sort()
      .join('\n');
  await scene.heals('ip link delete br0', see, () => host.exec('ip', 'link', 'delete', 'br0'));
  const isolated = (): number =>
    host.exec('ip', '-d', 'link', 'show', 'master', 'br0').match(/isolated on/g)?.length ?? 0;
  await lab.eventually('both ports are isolated', () => isolated() === 2, 10_000);
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  await lab.ready();
  expect(lab.cli('events').stdout).toMatch(/DriftCorrected.*created interface br0/);
});
