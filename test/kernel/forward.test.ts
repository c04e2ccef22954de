import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

it('a forward leads to its container and keeps the address of the client, in both families', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  await vm1.serve(81);
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  expect(await lab.client.probe(HOST6, 80)).toMatchObject({ server: 'vm1', source: CLIENT6 });
  expect(await lab.client.probe(HOST, 81)).toMatchObject({ failure: 'refused' });
  expect(await lab.client.probe('10.10.20.10', 80)).toMatchObject({ failure: 'timeout' });
  expect(await lab.client.probe('fd00:20::10', 81)).toMatchObject({ failure: 'timeout' });
});

it('a range keeps its offset, and other protocols stay closed', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const ports = [{ protocol: 'UDP', port: 8000, endPort: 8003, targetPort: 9000 }];
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), forward('games', 'vm1', ports));
  await lab.start();
  await lab.ready();
  await vm1.serve(9003, 'UDP');
  await vm1.serve(9003, 'TCP');
  expect(await lab.client.probe(HOST, 8003, 'UDP')).toMatchObject({ server: 'vm1', source: CLIENT });
  expect(await lab.client.probe(HOST, 8003, 'TCP')).toMatchObject({ failure: 'refused' });
  expect(await lab.client.probe(HOST, 8004, 'UDP')).toMatchObject({ failure: 'refused' });
});

it('sources are the only ones who may use a forward', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = [bridge('br0'), link('vm1', vm1.name, 10)];
  lab.write(
    'a.yaml',
    ...parts,
    forward('web', 'vm1', [{ port: 80 }], { sources: ['192.168.254.0/30', '192.168.254.2/32'] }),
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  const alive = await lab.client.open(HOST, 80);
  lab.write('a.yaml', ...parts, forward('web', 'vm1', [{ port: 80 }], { sources: ['192.168.254.4/30'] }));
  await lab.ready();
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ failure: 'timeout' });
  expect(await alive()).toBe(false);
});

it('the host and a sibling use a forward through the addresses of its interface', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const allowed = policy('to-web', 'vm2', {
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: { matchLabels: { app: 'vm1' } } }], ports: [{ port: 80 }] }],
  });
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11),
    allowed,
    forward('web', 'vm1', [{ port: 8080, targetPort: 80 }]),
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  expect(await lab.host.probe(HOST, 8080)).toMatchObject({ server: 'vm1' });
  expect(await lab.host.probe('127.0.0.1', 8080)).toMatchObject({ server: 'vm1', source: '10.10.20.1' });
  expect(await vm2.probe(HOST, 8080)).toMatchObject({ server: 'vm1', source: '10.10.20.11' });
  expect(await vm2.probe(HOST6, 8080)).toMatchObject({ server: 'vm1', source: 'fd00:20::11' });
  expect(await vm1.probe(HOST, 8080)).toMatchObject({ failure: 'timeout' });
});

it('of two forwards of one port the first by name wins, and the other takes over when it goes', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11),
    forward('b', 'vm2', [{ port: 80 }]),
  );
  lab.write('b.yaml', forward('a', 'vm1', [{ port: 80 }]));
  await lab.start();
  await vm1.serve(80);
  await vm2.serve(80);
  await lab.eventually(
    'the second is stalled',
    async () => (await lab.condition('pf', 'b', 'Stalled'))?.reason === 'NameConflict',
  );
  expect((await lab.condition('pf', 'b'))?.message).toContain('PortForward/a');
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  lab.remove('b.yaml');
  await lab.eventually(
    'the second is ready',
    async () => (await lab.condition('pf', 'b'))?.status === 'True',
  );
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm2' });
});

it('what makes 127.0.0.1 work does not let a container reach what listens there', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const open = policy('open', 'vm2', { policyTypes: ['Egress'], egress: [{}] });
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11),
    open,
    forward('web', 'vm1', [{ port: 80 }]),
  );
  await lab.start();
  await lab.ready();
  await lab.host.serve(22);
  vm2.exec('sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
  vm2.exec('ip', 'address', 'delete', '127.0.0.1/8', 'dev', 'lo');
  vm2.exec('ip', 'route', 'add', '127.0.0.2', 'via', '10.10.20.1');
  expect(await vm2.probe(HOST, 22)).toMatchObject({ server: 'host' });
  expect(await lab.host.probe('127.0.0.2', 22)).toMatchObject({ server: 'host' });
  expect(await vm2.probe('127.0.0.2', 22)).toMatchObject({ failure: 'timeout' });
});
