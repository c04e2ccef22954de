import { expect, it } from 'vitest';
import { followChanges } from '../support/changes.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import { bridge, forward, link, route } from '../support/manifests.ts';

interface Device {
  readonly address: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly ifalias?: string;
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
}

const device = (lab: Lab, name: string): Device =>
  (lab.host.json('ip', '-j', '-d', 'address', 'show', 'dev', name) as Device[])[0]!;
const addresses = (lab: Lab, name: string): string[] =>
  device(lab, name).addr_info!.map(({ local, prefixlen }) => `${local}/${prefixlen}`);

it('a bridge has its addresses, its mark, and a MAC address and MTU that its ports do not change', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0', { mtu: 1400 }));
  await lab.start();
  await lab.ready();
  const { address } = device(lab, 'br0');
  lab.write('b.yaml', link('vm1', vm1.name, 10, { hostInterface: 'a0' }));
  await lab.ready();
  lab.host.exec('ip', 'link', 'set', 'a0', 'address', '02:00:00:00:00:01');
  expect(device(lab, 'br0')).toMatchObject({ address, mtu: 1400, ifalias: 'lxcnet:Bridge/br0' });
  expect(device(lab, 'br0').flags).toContain('UP');
  expect(addresses(lab, 'br0')).toEqual(expect.arrayContaining(['10.10.20.1/24', 'fd00:20::1/64']));
  expect((vm1.json('ip', '-j', 'link', 'show', 'dev', 'eth0') as Device[])[0]!.mtu).toBe(1400);
});

it('an edit changes addresses, and leaves what somebody else added', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  lab.host.exec('ip', 'address', 'add', '10.99.0.1/24', 'dev', 'br0');
  lab.write('a.yaml', bridge('br0', { addresses: ['10.10.21.1/24'] }));
  await lab.ready();
  const now = addresses(lab, 'br0');
  expect(now).toEqual(expect.arrayContaining(['10.10.21.1/24', '10.99.0.1/24']));
  expect(now).not.toContain('10.10.20.1/24');
  expect(now).not.toContain('fd00:20::1/64');
});

it('a bridge of another interface name replaces the former one, and its links move', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  lab.write('a.yaml', bridge('br0', { interface: 'brx' }), link('vm1', vm1.name, 10));
  await lab.ready();
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'br0']).status).not.toBe(0);
  expect(lab.host.exec('ip', 'link', 'show', 'master', 'brx')).toContain('lx-vm1');
});

it("somebody else's bridge is a NameConflict and is not touched, unless it is adopted", async () => {
  await using lab = new Lab();
  lab.host.exec('ip', 'link', 'add', 'br0', 'type', 'bridge');
  const before = lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'br0').replace(/gc_timer\s+\S+/, '');
  lab.write('a.yaml', bridge('br0'), bridge('br1', { addresses: ['10.10.21.1/24'] }));
  await lab.start();
  await lab.eventually(
    'it is stalled',
    async () => (await lab.condition('br', 'br0', 'Stalled'))?.reason === 'NameConflict',
  );
  expect(await lab.condition('br', 'br0')).toMatchObject({ status: 'False', reason: 'NameConflict' });
  expect(await lab.condition('br', 'br1')).toMatchObject({ status: 'True' });
  expect(lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'br0').replace(/gc_timer\s+\S+/, '')).toBe(before);
  lab.write(
    'a.yaml',
    bridge('br0', {}, { annotations: { 'lxcnet.dev/adopt': 'true' } }),
    bridge('br1', { addresses: ['10.10.21.1/24'] }),
  );
  await lab.ready();
  expect(device(lab, 'br0').ifalias).toBe('lxcnet:Bridge/br0');
});

it('a conflict clears by itself when what is in the way goes', async () => {
  await using lab = new Lab();
  lab.host.exec('ip', 'link', 'add', 'br0', 'type', 'bridge');
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.eventually(
    'it is stalled',
    async () => (await lab.condition('br', 'br0', 'Stalled')) !== undefined,
  );
  lab.host.exec('ip', 'link', 'delete', 'br0');
  await lab.eventually('it is ready', async () => (await lab.condition('br', 'br0'))?.status === 'True');
});

it('an edit of MTU and addresses leaves all ports attached, those of others too, and flows go on', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.host.exec('ip', 'link', 'add', 'p0', 'type', 'veth', 'peer', 'name', 'p0x');
  const manifests = (spec: object): object[] => [
    bridge('br0', { ports: ['p0'], ...spec }),
    link('vm1', vm1.name, 10),
    forward('web', 'vm1', [{ port: 80 }]),
  ];
  lab.write('a.yaml', ...manifests({}));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  const alive = await lab.client.open(HOST, 80);
  const changes = await followChanges(lab);
  const more = ['10.10.20.1/24', '10.10.21.1/24', 'fd00:20::1/64', 'fd00:21::1/64'];
  for (const spec of [{ mtu: 1400 }, { mtu: 1400, addresses: more }, { addresses: more.slice(0, 3) }, {}]) {
    lab.write('a.yaml', ...manifests(spec));
    await lab.ready();
    expect(await alive(), JSON.stringify(spec)).toBe(true);
  }
  const ofPorts = (await changes()).filter((line) => /^\[nsid current\].* (?:p0|lx-vm1)@/.test(line));
  expect(ofPorts.join('\n')).toContain('mtu 1400');
  expect(ofPorts.filter((line) => line.includes('Deleted') || !line.includes(' master br0 '))).toEqual([]);
});

it('a bridge keeps its addresses while links join and leave, the last one too', async () => {
  await using lab = new Lab();
  const containers = ['vm1', 'vm2'].map((name) => lab.container(name));
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  const changes = await followChanges(lab);
  const ports = (): number =>
    lab.host.exec('ip', '-o', 'link', 'show', 'master', 'br0').split('\n').length - 1;
  for (const count of [1, 2, 1, 0, 1]) {
    lab.write(
      'b.yaml',
      ...(count === 0 ? [route('one', { to: '10.30.0.0/16', via: CLIENT })] : []),
      ...containers.slice(0, count).map(({ name }, index) => link(`vm${index + 1}`, name, 10 + index)),
    );
    await lab.eventually(`there are ${count} ports`, () => ports() === count);
    await lab.ready();
  }
  const lines = await changes();
  expect(lines.filter((line) => line.includes(' lx-vm1@'))).not.toEqual([]);
  const ofAddresses = /^\[nsid current\](?:(?:Deleted )?\d+: br0 +inet |Deleted \d+: br0 +inet6 )/;
  expect(lines.filter((line) => ofAddresses.test(line))).toEqual([]);
});
