import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

const EVERYWHERE = [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }];

it('a mail server may send to port 25 and reach nothing else, in both families', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const mail = policy('mail', 'vm1', {
    policyTypes: ['Egress'],
    egress: [{ to: EVERYWHERE, ports: [{ port: 25 }] }],
  });
  lab.write(
    'a.yaml',
    bridge('br0', { masquerade: { interfaces: ['eth0'] } }),
    link('vm1', vm1.name, 10),
    mail,
  );
  await lab.start();
  await lab.ready();
  for (const port of [25, 26]) await lab.client.serve(port);
  await lab.client.serve(25, 'UDP');
  await vm1.serve(25);
  expect(await vm1.probe(CLIENT, 25)).toMatchObject({ server: 'client', source: HOST });
  expect(await vm1.probe(CLIENT6, 25)).toMatchObject({ server: 'client', source: HOST6 });
  expect(await vm1.probe(CLIENT, 26)).toMatchObject({ failure: 'timeout' });
  expect(await vm1.probe(CLIENT6, 26)).toMatchObject({ failure: 'timeout' });
  expect(await vm1.probe(CLIENT, 25, 'UDP')).toMatchObject({ failure: 'timeout' });
  expect(await lab.client.probe('10.10.20.10', 25)).toMatchObject({ failure: 'timeout' });
});

it('without a policy nothing passes in either direction, but the host reaches its containers', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), link('vm2', vm2.name, 11));
  await lab.start();
  await lab.ready();
  for (const netns of [vm1, vm2, lab.host, lab.client]) await netns.serve(80);
  for (const address of [
    CLIENT,
    CLIENT6,
    HOST,
    HOST6,
    '10.10.20.1',
    'fd00:20::1',
    '10.10.20.11',
    'fd00:20::11',
  ]) {
    expect(await vm1.probe(address, 80), address).toMatchObject({ failure: 'timeout' });
  }
  for (const address of ['10.10.20.10', 'fd00:20::10']) {
    expect(await lab.client.probe(address, 80), address).toMatchObject({ failure: 'timeout' });
    expect(await lab.host.probe(address, 80), address).toMatchObject({ server: 'vm1' });
  }
});

it('siblings reach each other where both policies allow it, and an edit cuts a running flow', async () => {
  await using lab = new Lab();
  const [web, db, other] = [lab.container('web'), lab.container('db'), lab.container('other')];
  const links = [
    bridge('br0'),
    link('web', web.name, 10),
    link('db', db.name, 11),
    link('other', other.name, 12),
  ];
  const from = [{ podSelector: { matchLabels: { app: 'web' } } }];
  const to = [{ podSelector: { matchLabels: { app: 'db' } } }];
  const policies = (port: number): object[] => [
    policy('db', 'db', { ingress: [{ from, ports: [{ port: 5432 }] }] }),
    policy('web', 'web', { policyTypes: ['Egress'], egress: [{ to, ports: [{ port }] }] }),
    policy('other', 'other', { policyTypes: ['Egress'], egress: [{}] }),
  ];
  lab.write('a.yaml', ...links, ...policies(5432));
  await lab.start();
  await lab.ready();
  await db.serve(5432);
  expect(await web.probe('10.10.20.11', 5432)).toMatchObject({ server: 'db', source: '10.10.20.10' });
  expect(await web.probe('fd00:20::11', 5432)).toMatchObject({ server: 'db', source: 'fd00:20::10' });
  expect(await other.probe('10.10.20.11', 5432)).toMatchObject({ failure: 'timeout' });
  const alive = await web.open('10.10.20.11', 5432);
  expect(await alive()).toBe(true);
  lab.write('a.yaml', ...links, ...policies(5433));
  await lab.ready();
  expect(await alive()).toBe(false);
});

it('ranges, exceptions, named ports and namespaces mean what they mean in Kubernetes', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0'),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod', labels: { tier: 'prod' } } },
    link('vm1', vm1.name, 10, { ports: [{ name: 'web', port: 8080 }] }),
    link('vm2', vm2.name, 11, {}, { namespace: 'prod' }),
    {
      ...policy('vm2', 'vm2', { policyTypes: ['Egress'], egress: [{}] }),
      metadata: { name: 'vm2', namespace: 'prod' },
    },
    policy('vm1', 'vm1', {
      ingress: [
        {
          from: [{ ipBlock: { cidr: '192.168.0.0/16', except: ['192.168.254.0/30'] } }],
          ports: [{ port: 70 }],
        },
        { from: [{ ipBlock: { cidr: '192.168.254.0/24' } }], ports: [{ port: 90, endPort: 92 }] },
        { from: [{ namespaceSelector: { matchLabels: { tier: 'prod' } } }], ports: [{ port: 'web' }] },
      ],
    }),
  );
  await lab.start();
  await lab.ready();
  for (const port of [70, 89, 91, 93, 8080]) await vm1.serve(port);
  const reached = async (from: typeof vm2, port: number): Promise<boolean> =>
    (await from.probe('10.10.20.10', port)).server === 'vm1';
  expect(await reached(lab.client, 70)).toBe(false);
  expect(await reached(lab.client, 89)).toBe(false);
  expect(await reached(lab.client, 91)).toBe(true);
  expect(await reached(lab.client, 93)).toBe(false);
  expect(await reached(lab.client, 8080)).toBe(false);
  expect(await reached(vm2, 8080)).toBe(true);
  expect(await reached(vm2, 70)).toBe(false);
});

it('with defaultPolicy Allow a Link that no policy selects is open', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0', { defaultPolicy: 'Allow' }), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  await lab.client.serve(80);
  expect(await lab.client.probe('10.10.20.10', 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ server: 'client', source: '10.10.20.10' });
  expect(await vm1.probe(CLIENT6, 80)).toMatchObject({ server: 'client' });
});

it('a container that takes another address is not heard', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const open = policy('open', 'vm1', { policyTypes: ['Egress'], egress: [{}] });
  lab.write(
    'a.yaml',
    bridge('br0', { defaultPolicy: 'Allow' }),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11),
    open,
  );
  await lab.start();
  await lab.ready();
  await lab.client.serve(80);
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ server: 'client' });
  vm1.exec('ip', 'address', 'add', '10.10.20.77/24', 'dev', 'eth0');
  vm1.exec('ip', 'route', 'replace', '192.168.254.2', 'via', '10.10.20.1', 'src', '10.10.20.77');
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ failure: 'timeout' });
  vm1.exec('ip', 'route', 'delete', '192.168.254.2');
  vm1.exec('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:99');
  await lab.eventually(
    'the MAC address is put right',
    () => !vm1.exec('ip', 'link', 'show', 'eth0').includes('02:00:00:00:00:99'),
  );
});

it('what passes and what does not is counted, for policies, links and forwards', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const mail = policy('mail', 'vm1', {
    policyTypes: ['Egress'],
    egress: [{ to: EVERYWHERE, ports: [{ port: 25 }] }],
  });
  lab.write(
    'a.yaml',
    bridge('br0', { masquerade: {} }),
    link('vm1', vm1.name, 10),
    mail,
    forward('web', 'vm1', [{ port: 80 }]),
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  await lab.client.serve(25);
  await lab.client.probe(HOST, 80);
  await vm1.probe(CLIENT, 25);
  await vm1.probe(CLIENT, 26);
  await lab.client.probe('10.10.20.10', 81);
  vm1.exec('ip', 'address', 'add', '10.10.20.77/24', 'dev', 'eth0');
  vm1.exec('ip', 'route', 'add', '192.168.254.3', 'via', '10.10.20.1', 'src', '10.10.20.77');
  await vm1.probe('192.168.254.3', 80);
  const counts = [
    /^lxcnet_policy_allowed_packets_total\{namespace="default",policy="mail",direction="egress"\} [1-9]/m,
    /^lxcnet_policy_denied_packets_total\{namespace="default",link="vm1",direction="egress"\} [1-9]/m,
    /^lxcnet_policy_denied_packets_total\{namespace="default",link="vm1",direction="ingress"\} [1-9]/m,
    /^lxcnet_port_forward_connections_total\{namespace="default",name="web"\} 1$/m,
    /^lxcnet_spoofed_packets_total\{namespace="default",link="vm1"\} [1-9]/m,
    /^lxcnet_link_receive_bytes_total\{namespace="default",link="vm1"\} [1-9]/m,
  ];
  for (const count of counts)
    await lab.eventually(String(count), async () => count.test(await lab.http('/metrics')), 7_000);
});
