import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';
import { refusingNft } from '../support/refusing-nft.ts';

const to = (...cidrs: string[]): object[] => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
const EVERYWHERE = to('0.0.0.0/0', '::/0');

it('an egress rule that is taken away cuts the flows that it let out, and no others', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = (...ports: number[]): object[] => [
    bridge('br0', { masquerade: { interfaces: ['eth0'] } }),
    link('vm1', vm1.name, 10),
    policy('out', 'vm1', {
      policyTypes: ['Egress'],
      egress: [{ to: EVERYWHERE, ports: ports.map((port) => ({ port })) }],
    }),
  ];
  lab.write('a.yaml', ...parts(25, 26));
  await lab.start();
  await lab.ready();
  for (const port of [25, 26]) await lab.client.serve(port);
  const lost = [await vm1.open(CLIENT, 25), await vm1.open(CLIENT6, 25)];
  const kept = [await vm1.open(CLIENT, 26), await vm1.open(CLIENT6, 26)];
  lab.write('a.yaml', ...parts(26));
  await lab.ready();
  expect(await Promise.all(lost.map((alive) => alive()))).toEqual([false, false]);
  expect(await Promise.all(kept.map((alive) => alive()))).toEqual([true, true]);
  for (const address of [CLIENT, CLIENT6])
    expect(await vm1.probe(address, 25)).toMatchObject({ failure: 'timeout' });
});

it('an ingress rule that is taken away cuts its flows, and so does a label that no longer fits', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const parts = (cidr: string, label: string): object[] => [
    bridge('br0'),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11, {}, { labels: { app: 'vm2', role: label } }),
    policy('in', 'vm1', {
      ingress: [{ from: [...to(cidr), { podSelector: { matchLabels: { role: 'client' } } }] }],
    }),
    policy('out', 'vm2', { policyTypes: ['Egress'], egress: [{}] }),
  ];
  lab.write('a.yaml', ...parts('192.168.254.0/24', 'client'));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  const outside = await lab.client.open('10.10.20.10', 80);
  const sibling = await vm2.open('fd00:20::10', 80);
  lab.write('a.yaml', ...parts('192.168.254.0/24', 'none'));
  await lab.ready();
  expect(await outside()).toBe(true);
  expect(await sibling()).toBe(false);
  lab.write('a.yaml', ...parts('192.168.253.0/24', 'client'));
  await lab.ready();
  expect(await outside()).toBe(false);
  expect(await vm2.probe('fd00:20::10', 80)).toMatchObject({ server: 'vm1', source: 'fd00:20::11' });
});

it('a policy that denies everything does not close a forward', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write(
    'a.yaml',
    bridge('br0', { defaultPolicy: 'Allow' }),
    link('vm1', vm1.name, 10),
    forward('web', 'vm1', [{ port: 80 }]),
    policy('closed', 'vm1', { policyTypes: ['Ingress', 'Egress'] }),
  );
  await lab.start();
  await lab.ready();
  for (const port of [80, 81]) await vm1.serve(port);
  for (const address of [HOST, HOST6])
    expect(await lab.client.probe(address, 80)).toMatchObject({ server: 'vm1' });
  for (const address of ['10.10.20.10', 'fd00:20::10'])
    expect(await lab.client.probe(address, 81)).toMatchObject({ failure: 'timeout' });
});

it("a container reaches the host's own services at the address and port that a rule allows, and no others", async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    policy('ask', 'vm1', {
      policyTypes: ['Egress'],
      egress: [
        {
          to: to('10.10.20.1/32', 'fd00:20::1/128'),
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    }),
  );
  await lab.start();
  await lab.ready();
  for (const protocol of ['TCP', 'UDP'] as const)
    for (const port of [53, 54]) await lab.host.serve(port, protocol);
  const answers = (port: number, ...addresses: string[]): Promise<unknown[]> =>
    Promise.all(
      addresses.flatMap((address) =>
        (['TCP', 'UDP'] as const).map(async (protocol) => (await vm1.probe(address, port, protocol)).server),
      ),
    );
  expect(await answers(53, '10.10.20.1', 'fd00:20::1')).toEqual(Array(4).fill('host'));
  expect(await answers(54, '10.10.20.1', 'fd00:20::1')).toEqual(Array(4).fill(undefined));
  expect(await answers(53, HOST, HOST6)).toEqual(Array(4).fill(undefined));
});

it('exceptions, ranges and selectors hold for IPv6 and UDP as they do for IPv4 and TCP', async () => {
  await using lab = new Lab();
  const [vm1, vm2, vm3] = [lab.container('vm1'), lab.container('vm2'), lab.container('vm3')];
  const prod = (name: string, netns: string, number: number): object =>
    link(name, netns, number, {}, { namespace: 'prod' });
  lab.write(
    'a.yaml',
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod', labels: { tier: 'prod' } } },
    bridge('br0'),
    link('vm1', vm1.name, 10, { ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] }),
    prod('vm2', vm2.name, 11),
    prod('vm3', vm3.name, 12),
    ...['vm2', 'vm3'].map((name) => ({
      ...policy(name, name, { policyTypes: ['Egress'], egress: [{}] }),
      metadata: { name, namespace: 'prod' },
    })),
    policy('vm1', 'vm1', {
      ingress: [
        { from: [{ ipBlock: { cidr: 'fd00::/16', except: ['fd00:254::2/128'] } }], ports: [{ port: 70 }] },
        {
          from: [{ ipBlock: { cidr: 'fd00:254::/64', except: ['fd00:254::8/125'] } }],
          ports: [{ protocol: 'UDP', port: 90, endPort: 92 }],
        },
        {
          from: [
            {
              namespaceSelector: { matchLabels: { tier: 'prod' } },
              podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['vm2'] }] },
            },
          ],
          ports: [{ protocol: 'UDP', port: 'dns' }],
        },
      ],
    }),
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(70);
  for (const port of [53, 89, 90, 92, 93]) await vm1.serve(port, 'UDP');
  const reached = async (from: typeof vm2, address: string, port: number): Promise<boolean> =>
    (await from.probe(address, port, port === 70 ? 'TCP' : 'UDP')).server === 'vm1';
  expect(await reached(lab.client, 'fd00:20::10', 70)).toBe(false);
  const seen = await Promise.all([89, 90, 92, 93].map((port) => reached(lab.client, 'fd00:20::10', port)));
  expect(seen).toEqual([false, true, true, false]);
  expect(await reached(lab.client, '10.10.20.10', 90)).toBe(false);
  for (const address of ['10.10.20.10', 'fd00:20::10']) {
    expect(await reached(vm2, address, 53), address).toBe(true);
    expect(await reached(vm3, address, 53), address).toBe(false);
    expect(await reached(lab.client, address, 53), address).toBe(false);
  }
});

it('a Link whose number somebody deletes is closed, on an open bridge, too', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write(
    'a.yaml',
    bridge('br0', { defaultPolicy: 'Allow' }),
    link('vm1', vm1.name, 10),
    policy('vm1', 'vm1', { ingress: [{ ports: [{ port: 80 }] }] }),
  );
  await lab.start();
  await lab.ready();
  for (const port of [80, 81]) await vm1.serve(port);
  expect(await lab.client.probe('10.10.20.10', 80)).toMatchObject({ server: 'vm1' });
  await lab.stop();
  for (const family of ['4', '6']) lab.host.exec('nft', 'flush', 'map', 'inet', 'lxcnet', `ingress${family}`);
  for (const address of ['10.10.20.10', 'fd00:20::10'])
    for (const port of [80, 81])
      expect(await lab.client.probe(address, port)).toMatchObject({ failure: 'timeout' });
});

it('a change that nft refuses comes into force with the tables made anew', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const parts = [bridge('br0', { masquerade: {} }), link('vm1', vm1.name, 10)];
  const egress = (port: number): object =>
    policy('out', 'vm1', { policyTypes: ['Egress'], egress: [{ to: EVERYWHERE, ports: [{ port }] }] });
  lab.write('a.yaml', ...parts, egress(80));
  await lab.start(refusingNft(lab, { with: 'delete element', without: 'delete table' }));
  await lab.ready();
  for (const port of [80, 81]) await lab.client.serve(port);
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ server: 'client' });
  lab.write('a.yaml', ...parts, egress(81));
  await lab.eventually(
    'the new policy is in force',
    async () => (await vm1.probe(CLIENT, 81)).server === 'client',
  );
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ failure: 'timeout' });
  await lab.ready();
  const { stdout } = lab.cli('events');
  expect(stdout).toMatch(/ReconciliationFailed +networkpolicy\/out +netfilter: .* Operation not supported/);
  expect(stdout).not.toContain('DriftCorrected');
});
