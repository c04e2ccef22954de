import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

it('ranges keep their offset over IPv6 too, for TCP and UDP, and what is beside them is closed', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const range = (protocol: string): Record<string, unknown> => ({
    protocol,
    port: 8000,
    endPort: 8003,
    targetPort: 9000,
  });
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    forward('games', 'vm1', [range('TCP'), range('UDP')]),
  );
  await lab.start();
  await lab.ready();
  for (const protocol of ['TCP', 'UDP'] as const) {
    // Only where the last of the range has to arrive, and beside it.
    for (const port of [9003, 9004]) await vm1.serve(port, protocol);
    for (const [host, client] of [
      [HOST, CLIENT],
      [HOST6, CLIENT6],
    ] as const) {
      expect(await lab.client.probe(host, 8003, protocol)).toMatchObject({ server: 'vm1', source: client });
      for (const port of [7999, 8000, 8004, 9003])
        expect(await lab.client.probe(host, port, protocol)).toMatchObject({ failure: 'refused' });
    }
  }
});

it('sources bind each family by itself: one that is not named has no access', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    forward('ipv6', 'vm1', [{ port: 80 }], { sources: ['fd00:254::/64'] }),
    forward('ipv4', 'vm1', [{ port: 81 }], { sources: ['192.168.254.2/32'] }),
    forward('others', 'vm1', [{ port: 82 }], { sources: ['192.168.254.3/32', 'fd00:254::3/128'] }),
  );
  await lab.start();
  await lab.ready();
  for (const port of [80, 81, 82]) await vm1.serve(port);
  expect(await lab.client.probe(HOST6, 80)).toMatchObject({ server: 'vm1', source: CLIENT6 });
  expect(await lab.client.probe(HOST, 81)).toMatchObject({ server: 'vm1', source: CLIENT });
  for (const [address, port] of [
    [HOST, 80],
    [HOST6, 81],
    [HOST, 82],
    [HOST6, 82],
  ] as const)
    expect(await lab.client.probe(address, port), `${address}:${port}`).toMatchObject({
      failure: expect.stringMatching(/timeout|refused/) as string,
    });
});

it('a forward for a listed address leaves the others alone, and comes before one for any address', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.host.exec('ip', 'address', 'add', '192.168.254.20/24', 'dev', 'eth0');
  const parts = [bridge('br0'), link('vm1', vm1.name, 10), link('vm2', vm2.name, 11)];
  const listed = forward('listed', 'vm1', [{ port: 80 }], { addresses: ['192.168.254.20'] });
  lab.write('a.yaml', ...parts, listed);
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  await vm2.serve(80);
  expect(await lab.client.probe('192.168.254.20', 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ failure: 'refused' });
  expect(await lab.host.probe('192.168.254.20', 80)).toMatchObject({ server: 'vm1' });
  lab.write('a.yaml', ...parts, listed, forward('any', 'vm2', [{ port: 80 }]));
  await lab.ready();
  for (const from of [lab.client, lab.host]) {
    expect(await from.probe('192.168.254.20', 80)).toMatchObject({ server: 'vm1' });
    expect(await from.probe(HOST, 80)).toMatchObject({ server: 'vm2' });
  }
});

it('an address that comes later is listened on as well', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  lab.host.exec('ip', 'address', 'add', '192.168.254.21/24', 'dev', 'eth0');
  expect(await lab.client.probe('192.168.254.21', 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  await lab.eventually(
    'the host reaches it too',
    async () => (await lab.host.probe('192.168.254.21', 80)).server === 'vm1',
    2_000,
  );
});

it('a container uses its own forward where an egress rule allows its own address, and hairpin: false keeps all out', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = (hairpin: boolean): object[] => [
    bridge('br0'),
    link('vm1', vm1.name, 10),
    policy('itself', 'vm1', {
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'vm1' } } }], ports: [{ port: 80 }] }],
    }),
    forward('web', 'vm1', [{ port: 8080, targetPort: 80 }], { hairpin }),
  ];
  lab.write('a.yaml', ...parts(true));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  for (const address of [HOST, HOST6]) {
    expect(await vm1.probe(address, 8080), address).toMatchObject({ server: 'vm1' });
    expect(await lab.host.probe(address, 8080), address).toMatchObject({ server: 'vm1' });
  }
  lab.write('a.yaml', ...parts(false));
  await lab.ready();
  for (const address of [HOST, HOST6]) {
    expect(await vm1.probe(address, 8080), address).toMatchObject({ failure: expect.any(String) as string });
    expect(await lab.host.probe(address, 8080), address).toMatchObject({ failure: 'refused' });
    expect(await lab.client.probe(address, 8080), address).toMatchObject({ server: 'vm1' });
  }
});

it('an edit that keeps a port keeps its flows, one that takes it away cuts them', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = [bridge('br0'), link('vm1', vm1.name, 10)];
  const ports = (...numbers: number[]): object =>
    forward(
      'web',
      'vm1',
      numbers.map((port) => ({ port })),
    );
  lab.write('a.yaml', ...parts, ports(80, 81));
  await lab.start();
  await lab.ready();
  for (const port of [80, 81, 82]) await vm1.serve(port);
  const kept = [await lab.client.open(HOST, 80), await lab.client.open(HOST6, 80)];
  const lost = [await lab.client.open(HOST, 81), await lab.client.open(HOST6, 81)];
  lab.write('a.yaml', ...parts, ports(80, 82));
  await lab.ready();
  expect(await Promise.all(kept.map((alive) => alive()))).toEqual([true, true]);
  expect(await Promise.all(lost.map((alive) => alive()))).toEqual([false, false]);
  expect(await lab.client.probe(HOST, 82)).toMatchObject({ server: 'vm1' });
});
