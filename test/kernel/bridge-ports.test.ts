import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy } from '../support/manifests.ts';

interface Device {
  readonly address: string;
  readonly mtu: number;
  readonly master?: string;
  readonly ifalias?: string;
}

const device = (lab: Lab, name: string): Device | undefined =>
  (JSON.parse(lab.host.run(['ip', '-j', 'link', 'show', 'dev', name]).stdout || '[]') as Device[])[0];

/** An interface of the host that is nobody's; its other end, which a veth has, plays no part. */
function pair(lab: Lab, name: string, ...settings: readonly string[]): void {
  lab.host.exec('ip', 'link', 'add', name, ...settings, 'type', 'veth', 'peer', 'name', `${name}x`);
}

it('an interface is attached as it is, changes neither MAC address nor MTU of the bridge, and is given back', async () => {
  await using lab = new Lab();
  // The lowest MAC address of all, and a small MTU: a bridge without its own would take both over.
  pair(lab, 'p0', 'address', '02:00:00:00:00:01', 'mtu', '1300');
  const before = device(lab, 'p0');
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  const { address, mtu } = device(lab, 'br0')!;
  expect(mtu).toBe(1500);
  lab.write('a.yaml', bridge('br0', { ports: ['p0'] }));
  await lab.ready();
  expect(device(lab, 'p0')).toEqual({ ...before, master: 'br0' });
  expect(device(lab, 'br0')).toMatchObject({ address, mtu });
  lab.write('a.yaml', bridge('br0'));
  await lab.ready();
  expect(device(lab, 'p0')).toEqual(before);
  lab.write('a.yaml', bridge('br0', { ports: ['p0'] }));
  await lab.ready();
  await lab.stop();
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(device(lab, 'br0')).toBeUndefined();
  expect(device(lab, 'p0')).toEqual(before);
});

it('a port that is not there is waited for, and one of another bridge is left there', async () => {
  await using lab = new Lab();
  lab.host.exec('ip', 'link', 'add', 'theirs', 'type', 'bridge');
  pair(lab, 'p1', 'master', 'theirs');
  lab.write(
    'a.yaml',
    bridge('br0', { ports: ['p0'] }),
    bridge('br1', { ports: ['p1'], addresses: ['10.10.21.1/24'] }),
  );
  await lab.start();
  await lab.eventually(
    'it is a conflict',
    async () => (await lab.condition('br', 'br1', 'Stalled'))?.reason === 'NameConflict',
  );
  expect((await lab.condition('br', 'br1'))?.message).toContain(
    "interface 'p1' is a port of 'theirs' already",
  );
  expect(device(lab, 'p1')?.master).toBe('theirs');
  expect(await lab.condition('br', 'br0')).toMatchObject({ status: 'False', reason: 'NotFound' });
  expect(await lab.condition('br', 'br0', 'Stalled')).toBeUndefined();
  pair(lab, 'p0');
  await lab.eventually('it is attached', () => device(lab, 'p0')?.master === 'br0', 10_000);
  lab.host.exec('ip', 'link', 'set', 'p1', 'nomaster');
  await lab.eventually('it is attached', () => device(lab, 'p1')?.master === 'br1', 10_000);
  for (const name of ['br0', 'br1'])
    await lab.eventually('it is ready', async () => (await lab.condition('br', name))?.status === 'True');
});

it('settings that somebody else changes are put right: MAC address, MTU, state, address', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  await lab.ready();
  const before = lab.host.exec('ip', 'address', 'show', 'dev', 'br0').replaceAll(/valid_lft.*/g, '');
  lab.host.exec('ip', 'link', 'set', 'br0', 'address', '02:00:00:00:00:01', 'mtu', '1400');
  lab.host.exec('ip', 'address', 'flush', 'dev', 'br0', 'scope', 'global');
  lab.host.exec('ip', 'link', 'set', 'br0', 'down');
  await lab.eventually(
    'all is as before',
    () => lab.host.exec('ip', 'address', 'show', 'dev', 'br0').replaceAll(/valid_lft.*/g, '') === before,
  );
});

it('on a switched bridge siblings talk past the policy, which still holds towards everybody else', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const closed = policy('closed', 'vm1', { policyTypes: ['Ingress', 'Egress'] });
  lab.write(
    'a.yaml',
    bridge('br0', { siblings: 'Switched' }),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11),
    closed,
  );
  await lab.start();
  await lab.ready();
  await vm2.serve(80);
  await lab.client.serve(80);
  expect(await vm1.probe('10.10.20.11', 80)).toMatchObject({ server: 'vm2', source: '10.10.20.10' });
  expect(await vm1.probe('fd00:20::11', 80)).toMatchObject({ server: 'vm2', source: 'fd00:20::10' });
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ failure: 'timeout' });
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), link('vm2', vm2.name, 11), closed);
  await lab.ready();
  expect(await vm1.probe('10.10.20.11', 80)).toMatchObject({ failure: 'timeout' });
  expect(await vm1.probe('fd00:20::11', 80)).toMatchObject({ failure: 'timeout' });
});
