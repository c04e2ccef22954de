import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6 } from '../support/lab-network.ts';
import { bridge, link } from '../support/manifests.ts';
import type { NetNs } from '../support/netns.ts';
import { refusingNft } from '../support/refusing-nft.ts';
import { Stream } from '../support/stream.ts';

const MEGABIT = 1e6;
/** What may pass before the limit is felt: what a second may carry, and the burst. Bytes. */
const credit = (bits: number): number => bits / 8 + 65_536;

/** A host on which everything may reach everything, and only bandwidth says how much. */
function write(lab: Lab, vm1: NetNs, bandwidth: object | undefined, ...more: readonly object[]): void {
  const open = bridge('br0', { defaultPolicy: 'Allow' });
  lab.write('a.yaml', open, link('vm1', vm1.name, 10, bandwidth && { bandwidth }), ...more);
}

/** What passes once the credit is used up. Bits per second. */
async function settledRate(stream: Stream, limit: number): Promise<number> {
  await stream.received(credit(limit));
  return stream.rate();
}

function expectWithin(rate: number, limit: number): void {
  expect(rate, `${rate / limit} of the limit`).toBeGreaterThan(0.9 * limit);
  expect(rate, `${rate / limit} of the limit`).toBeLessThan(1.1 * limit);
}

/** How much a stream gets without a limit is the machine's matter, and that of all else that runs on it. */
async function expectFree(lab: Lab, stream: Stream, limit: number): Promise<void> {
  await lab.eventually('the stream is free', async () => (await stream.rate(0.5)) > 5 * limit);
}

it.each([
  { ingress: 100, egress: 10 },
  { ingress: 10, egress: 100 },
])(
  'a stream gets $ingress Mbit/s in and $egress out, where that is the limit',
  async ({ ingress, egress }) => {
    await using lab = new Lab();
    const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
    write(lab, vm1, { ingress: `${ingress}Mbit`, egress: `${egress}M` }, link('vm2', vm2.name, 11));
    await lab.start();
    await lab.ready();
    {
      using out = await Stream.open(vm1, lab.client, CLIENT, 9000);
      expectWithin(await settledRate(out, egress * MEGABIT), egress * MEGABIT);
    }
    {
      using into = await Stream.open(lab.client, vm1, 'fd00:20::10', 9000);
      expectWithin(await settledRate(into, ingress * MEGABIT), ingress * MEGABIT);
    }
    using free = await Stream.open(vm2, lab.client, CLIENT6, 9001);
    await expectFree(lab, free, 100 * MEGABIT);
  },
);

it.each(['egress', 'ingress'] as const)(
  'of a flood (%s) only what is allowed passes, and others go on',
  async (direction) => {
    await using lab = new Lab();
    const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
    const limit = 20 * MEGABIT;
    write(lab, vm1, { [direction]: '20Mbit' }, link('vm2', vm2.name, 11));
    await lab.start();
    await lab.ready();
    await vm2.serve(80);
    const [from, to, address] =
      direction === 'egress'
        ? ([vm1, lab.client, CLIENT] as const)
        : ([lab.client, vm1, '10.10.20.10'] as const);
    using flood = await Stream.open(from, to, address, 9000, 'UDP');
    expectWithin(await settledRate(flood, limit), limit);
    using other = await Stream.open(lab.client, vm2, '10.10.20.11', 9001);
    await expectFree(lab, other, limit);
    expect(await lab.client.probe('fd00:20::11', 80)).toMatchObject({ server: 'vm2' });
    const dropped = new RegExp(
      `^lxcnet_bandwidth_dropped_packets_total\\{namespace="default",link="vm1",direction="${direction}"\\} [1-9]\\d{3}`,
      'm',
    );
    await lab.eventually('it is counted', async () => dropped.test(await lab.http('/metrics')));
  },
);

it('an edit holds for a running stream, and does not interrupt it; without the field there is no limit', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  write(lab, vm1, { egress: '10Mbit' });
  await lab.start();
  await lab.ready();
  const index = (): string => lab.host.exec('cat', '/sys/class/net/lx-vm1/ifindex');
  const before = index();
  using stream = await Stream.open(vm1, lab.client, CLIENT, 9000);
  const edited = async (limit: number, bandwidth: object): Promise<void> => {
    write(lab, vm1, bandwidth);
    await lab.ready();
    expectWithin(await settledRate(stream, limit), limit);
  };
  expectWithin(await settledRate(stream, 10 * MEGABIT), 10 * MEGABIT);
  await edited(50 * MEGABIT, { egress: '50Mbit' });
  await edited(5 * MEGABIT, { egress: '5Mbit', ingress: '1Gbit' });
  expect(lab.cli('describe', 'link', 'vm1').stdout).toContain(
    'bandwidth_egress: "lx-vm1" limit rate over 625000 bytes/second burst 65536 bytes',
  );
  write(lab, vm1, undefined);
  await lab.ready();
  await expectFree(lab, stream, 50 * MEGABIT);
  expect(index()).toBe(before);
  expect(lab.host.exec('nft', 'list', 'table', 'bridge', 'lxcnet')).not.toContain('625');
});

it('a limit that somebody lifts is in force again, and what others shape stays', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  write(lab, vm1, { egress: '10Mbit' });
  const difference = lab.cli('diff', '--manifests', lab.manifests).stdout;
  expect(difference).toContain(
    '+ netfilter bandwidth_egress: "lx-vm1" limit rate over 1250000 bytes/second burst 65536 bytes  (Link/vm1)',
  );
  await lab.start();
  await lab.ready();
  expect(lab.cli('diff', '--manifests', lab.manifests)).toMatchObject({ status: 0, stdout: '' });
  const qdisc = (): string => lab.host.exec('tc', 'qdisc', 'show', 'dev', 'lx-vm1');
  lab.host.exec(
    'tc',
    'qdisc',
    'add',
    'dev',
    'lx-vm1',
    'root',
    'tbf',
    'rate',
    '1gbit',
    'burst',
    '1mb',
    'limit',
    '1mb',
  );
  const shaped = qdisc();
  const limits = (): string => lab.host.exec('nft', 'list', 'set', 'bridge', 'lxcnet', 'bandwidth_egress');
  const wanted = limits();
  expect(wanted).toContain('"lx-vm1" limit rate over 1250000 bytes/second');
  const faults = [
    'flush set bridge lxcnet bandwidth_egress',
    'delete element bridge lxcnet bandwidth_egress { "lx-vm1" }',
    'delete element bridge lxcnet bandwidth_egress { "lx-vm1" }; add element bridge lxcnet bandwidth_egress { "lx-vm1" limit rate over 1000 mbytes/second burst 1 mbytes }',
    'delete element bridge lxcnet bandwidth_egress { "lx-vm1" }; add element bridge lxcnet bandwidth_egress { "lx-vm1" }',
  ];
  for (const fault of faults) {
    lab.host.exec('nft', fault);
    await lab.eventually(`healed: ${fault}`, () => limits() === wanted, 1_500);
  }
  expect(lab.cli('events').stdout).toMatch(/DriftCorrected.*bandwidth_egress/);
  using stream = await Stream.open(vm1, lab.client, CLIENT, 9000);
  expectWithin(await settledRate(stream, 10 * MEGABIT), 10 * MEGABIT);
  write(lab, vm1, undefined);
  await lab.ready();
  expect(qdisc()).toBe(shaped);
});

it('a kernel that cannot limit makes the Link, and says that it is not limited', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  write(lab, vm1, { ingress: '10Mbit' });
  await lab.start(refusingNft(lab, { with: 'limit rate over' }));
  const stalled = await lab.eventually('it is stalled', () => lab.condition('link', 'vm1', 'Stalled'));
  expect(stalled).toMatchObject({ reason: 'UnsupportedByKernel' });
  expect(stalled?.message).toContain(
    'spec.bandwidth: this kernel cannot limit rates in bridges (NF_TABLES_BRIDGE, NFT_LIMIT)',
  );
  await lab.client.serve(80);
  await lab.eventually('the rest works', async () => (await vm1.probe(CLIENT, 80)).server === 'client');
});
