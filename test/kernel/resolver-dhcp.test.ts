import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { ask, dhcp, udhcpc } from '../support/resolver.ts';

const MACS = { vm1: '02:00:00:00:20:01', vm2: '02:00:00:00:20:02' };
const STRANGE_MAC = '02:00:00:00:20:99';

it('a DHCP client is told what its link says: address, mask, router, routes, MTU, resolver, domains', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0', { dhcp: {}, dns: {}, mtu: 1400 }),
    link('vm1', vm1.name, 10, {
      macAddress: MACS.vm1,
      routes: [{ to: '10.9.0.0/16', via: '10.10.20.254' }],
    }),
    // Only what is on this bridge: no resolver, no router.
    bridge('br1', { addresses: ['10.10.21.1/24'], dhcp: {} }),
    link(
      'vm2',
      vm2.name,
      11,
      { bridge: 'br1', addresses: ['10.10.21.11/24'], gateway: 'None' },
      { namespace: 'back' },
    ),
  );
  await lab.start();
  await lab.ready();
  const first = udhcpc(vm1);
  expect(first).toMatchObject({
    ip: '10.10.20.10',
    subnet: '255.255.255.0',
    router: '10.10.20.1',
    dns: '10.10.20.1',
    mtu: '1400',
    domain: 'default.lxcnet',
    serverid: '10.10.20.1',
    lease: '3600',
    search: 'default.lxcnet lxcnet',
    staticroutes: '0.0.0.0/0 10.10.20.1 10.9.0.0/16 10.10.20.254',
  });
  const second = udhcpc(vm2);
  expect(second).toMatchObject({ ip: '10.10.21.11', subnet: '255.255.255.0', mtu: '1500' });
  expect(second?.router).toBeUndefined();
  expect(second?.dns).toBeUndefined();
});

it('nobody but a link of the bridge is answered', async () => {
  await using lab = new Lab();
  const [vm1, vm2, vm3] = [lab.container('vm1'), lab.container('vm2'), lab.container('vm3')];
  const open = { antiSpoofing: false };
  lab.write(
    'a.yaml',
    bridge('br0', { dhcp: {} }),
    bridge('br1', { addresses: ['10.10.21.1/24'] }),
    link('vm1', vm1.name, 10, { macAddress: MACS.vm1, ...open }),
    link('six', vm2.name, 11, { macAddress: MACS.vm2, addresses: ['fd00:20::11/64'] }),
    link('vm3', vm3.name, 12, { bridge: 'br1', addresses: ['10.10.21.12/24'], ...open }),
  );
  await lab.start();
  await lab.ready();
  expect(dhcp(vm1, 'DISCOVER', MACS.vm1)).toMatchObject({ answer: 'OFFER', address: '10.10.20.10' });
  // A MAC address of no link; a link without an IPv4 address; a bridge without DHCP; the LAN.
  expect(dhcp(vm1, 'DISCOVER', STRANGE_MAC)).toEqual({ answer: 'none' });
  expect(dhcp(vm2, 'DISCOVER', MACS.vm2)).toEqual({ answer: 'none' });
  expect(dhcp(vm3, 'DISCOVER', MACS.vm1)).toEqual({ answer: 'none' });
  expect(dhcp(lab.client, 'DISCOVER', MACS.vm1)).toEqual({ answer: 'none' });
  // What was not leased to it is refused, and not given.
  expect(dhcp(vm1, 'REQUEST', MACS.vm1, '10.10.20.77')).toMatchObject({ answer: 'NAK' });
});

it('a container can neither take, decline nor give back the lease of another, nor give itself a name', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0', { dhcp: {}, dns: {} }),
    link('vm1', vm1.name, 10, { macAddress: MACS.vm1 }),
    link('vm2', vm2.name, 11, { macAddress: MACS.vm2 }),
  );
  await lab.start();
  await lab.ready();
  const lease = { answer: 'ACK', address: '10.10.20.11' };
  expect(dhcp(vm2, 'REQUEST', MACS.vm2, '10.10.20.11', 'evil')).toMatchObject(lease);
  expect(dhcp(vm1, 'DISCOVER', MACS.vm2)).toEqual({ answer: 'none' });
  for (const message of ['DECLINE', 'RELEASE'] as const) dhcp(vm1, message, MACS.vm2, '10.10.20.11');
  expect(dhcp(vm2, 'REQUEST', MACS.vm2, '10.10.20.11', 'evil')).toMatchObject(lease);
  // Names are those of the manifests, whatever a client calls itself.
  for (const name of ['evil', 'evil.lxcnet', 'evil.default.lxcnet'])
    expect(ask(vm1, '10.10.20.1', name).answers ?? [], name).toEqual([]);
  // Its messages were dropped where it sends them.
  expect(lab.host.exec('nft', 'list', 'set', 'bridge', 'lxcnet', 'spoofed')).toMatch(
    /"lx-vm1" counter packets 3 /,
  );
});

it('an address that another link gets is lent to that one, although the first has a lease', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const manifests = (one: number, two: number): void =>
    lab.write(
      'a.yaml',
      bridge('br0', { dhcp: {} }),
      link('vm1', vm1.name, one, { macAddress: MACS.vm1 }),
      link('vm2', vm2.name, two, { macAddress: MACS.vm2 }),
    );
  manifests(10, 11);
  await lab.start();
  await lab.ready();
  expect(udhcpc(vm1)).toMatchObject({ ip: '10.10.20.10' });
  manifests(12, 10);
  await lab.ready();
  expect(dhcp(vm2, 'DISCOVER', MACS.vm2)).toMatchObject({ answer: 'OFFER', address: '10.10.20.10' });
  expect(dhcp(vm1, 'DISCOVER', MACS.vm1)).toMatchObject({ answer: 'OFFER', address: '10.10.20.12' });
});
