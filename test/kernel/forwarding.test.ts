import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6 } from '../support/lab-network.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

const sysctl = (lab: Lab, name: string): string => lab.host.exec('sysctl', '-n', name).trim();

it('the host forwards for its containers, and becomes a router for nobody else', async () => {
  await using lab = new Lab();
  const [vm1, elsewhere] = [lab.container('vm1'), lab.container('elsewhere')];
  lab.host.exec('ip', 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', elsewhere.name);
  for (const [netns, name, number] of [
    [lab.host, 'eth1', 1],
    [elsewhere, 'eth0', 2],
  ] as const) {
    netns.exec('ip', 'address', 'add', `172.16.0.${number}/24`, 'dev', name);
    netns.exec('ip', 'address', 'add', `fd00:16::${number}/64`, 'dev', name, 'nodad');
    netns.exec('ip', 'link', 'set', name, 'up');
  }
  // The host finds no neighbour on an interface whose link-local address is still being checked for duplicates.
  const tentative = (): boolean =>
    lab.host.exec('ip', '-6', 'address', 'show', 'dev', 'eth1', 'tentative') !== '';
  await lab.eventually(
    'eth1 is settled',
    () => !tentative() && lab.host.exec('ip', '-6', 'address', 'show', 'dev', 'eth1').includes('fe80:'),
  );
  elsewhere.exec('ip', 'route', 'add', 'default', 'via', '172.16.0.1');
  elsewhere.exec('ip', '-6', 'route', 'add', 'default', 'via', 'fd00:16::1');
  const open = policy('open', 'vm1', { policyTypes: ['Egress'], egress: [{}] });
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', vm1.name, 10),
    open,
    forward('web', 'vm1', [{ port: 80 }], { interfaces: undefined }),
  );
  await lab.start();
  await lab.ready();
  for (const netns of [elsewhere, lab.client, vm1]) await netns.serve(80);
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ server: 'client' });
  expect(await vm1.probe('fd00:16::2', 80)).toMatchObject({ server: 'elsewhere' });
  expect(await lab.client.probe('172.16.0.2', 80)).toMatchObject({ failure: 'timeout' });
  expect(await lab.client.probe('fd00:16::2', 80)).toMatchObject({ failure: 'timeout' });
  expect(await elsewhere.probe(CLIENT6, 80)).toMatchObject({ failure: 'timeout' });
  expect(sysctl(lab, 'net.ipv4.ip_forward')).toBe('0');
  expect(sysctl(lab, 'net.ipv6.conf.all.forwarding')).toBe('0');

  // Somebody else makes the host a router: then it is one.
  lab.host.exec('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  await lab.eventually(
    'the host routes',
    async () => (await lab.client.probe('172.16.0.2', 80)).server === 'elsewhere',
  );
});

it('switches are given back when the last bridge goes, and a router advertisement is still accepted meanwhile', async () => {
  await using lab = new Lab();
  const names = [
    'net.ipv4.conf.eth0.forwarding',
    'net.ipv6.conf.eth0.forwarding',
    'net.ipv6.conf.eth0.accept_ra',
    'net.bridge.bridge-nf-call-iptables',
  ];
  const before = names.map((name) => sysctl(lab, name));
  lab.write('a.yaml', bridge('br0', { masquerade: {} }));
  await lab.start();
  await lab.ready();
  expect(sysctl(lab, 'net.ipv4.conf.eth0.forwarding')).toBe('1');
  // A host that forwards IPv6 in the usual way would ignore router advertisements from now on.
  expect(sysctl(lab, 'net.ipv6.conf.eth0.forwarding')).toBe(
    sysctl(lab, 'net.ipv6.conf.all.forwarding') === '0' ? '0' : '1',
  );
  expect(sysctl(lab, 'net.bridge.bridge-nf-call-iptables')).toBe('0');
  lab.host.exec('sysctl', '-qw', 'net.ipv4.conf.eth0.forwarding=0');
  await lab.eventually('it is healed', () => sysctl(lab, 'net.ipv4.conf.eth0.forwarding') === '1');
  await lab.stop();
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(names.map((name) => sysctl(lab, name))).toEqual(before);
});
