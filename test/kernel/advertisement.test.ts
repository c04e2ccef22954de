import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST6 } from '../support/lab-network.ts';
import { bridge, link, policy, route } from '../support/manifests.ts';

/** Sends a router advertisement from eth0 to all nodes: a default router for 1,800 s. Perl is on every Debian. */
const ADVERTISE = `
use Socket qw(:all);
socket(my $s, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
setsockopt($s, 41, 18, pack("i", 255)) or die "hops: $!";
my $all = inet_pton(AF_INET6, "ff02::1");
my ($index) = do { local @ARGV = ("/sys/class/net/eth0/ifindex"); <> };
send($s, pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0), 0, pack_sockaddr_in6(0, $all, int($index))) or die "send: $!";
`;

/** Nothing is sent while the client's link-local address is still being checked for duplicates. */
const advertise = (lab: Lab): unknown => lab.client.run(['perl', '-e', ADVERTISE]);
const defaults = (lab: Lab): string[] =>
  lab.host
    .exec('ip', '-6', 'route', 'show', 'default')
    .split('\n')
    .filter((line) => line.includes('proto ra'));

it('a default route learnt from a router stays while the host forwards, and is learnt again', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  // A neighbour that does not say that it is a router is no longer used as one.
  lab.client.exec('sysctl', '-qw', 'net.ipv6.conf.eth0.forwarding=1');
  const learns = async (): Promise<unknown> =>
    lab.eventually('the route is learnt', () => {
      advertise(lab);
      return defaults(lab).length === 1;
    });
  await learns();
  const names = ['forwarding', 'accept_ra', 'accept_ra_defrtr'].map((name) => `net.ipv6.conf.eth0.${name}`);
  const settings = (): string => lab.host.exec('sysctl', ...names, 'net.ipv6.conf.all.forwarding');
  const before = settings();
  const open = policy('open', 'vm1', { policyTypes: ['Egress'], egress: [{}] });
  lab.write(
    'a.yaml',
    bridge('br0', { masquerade: { interfaces: ['eth0'] } }),
    link('vm1', vm1.name, 10),
    open,
  );
  lab.write('b.yaml', route('other', { to: '10.30.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.ready();
  // The kernel forgets such routes whenever the `forwarding` of any interface is written, with accept_ra at 1.
  expect(defaults(lab)).toHaveLength(1);
  await lab.client.serve(80);
  expect(await vm1.probe(CLIENT6, 80)).toMatchObject({ server: 'client', source: HOST6 });
  lab.host.exec('ip', '-6', 'route', 'delete', 'default', 'proto', 'ra');
  expect(defaults(lab)).toEqual([]);
  await learns();
  if (lab.host.run(['test', '-e', '/proc/sys/net/ipv6/conf/eth0/force_forwarding']).status === 0)
    expect(settings()).toBe(before);

  lab.remove('a.yaml');
  await lab.eventually(
    'the bridge is gone',
    () => lab.host.run(['ip', 'link', 'show', 'dev', 'br0']).status !== 0,
  );
  await lab.eventually('the settings are as before', () => settings() === before);
  expect(defaults(lab)).toHaveLength(1);
  await learns();
});

it('every switch is given back when the manifests of the bridges go, and one that was on stays on', async () => {
  await using lab = new Lab();
  lab.host.exec('ip', 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'eth1x');
  lab.host.exec('sysctl', '-qw', 'net.ipv4.conf.eth1.forwarding=1');
  const settings = (): string =>
    lab.host
      .exec('sh', '-c', 'sysctl -a 2>/dev/null')
      .split('\n')
      .filter((line) => /^net\.(ipv[46]\.(conf\.(eth\d|all|default)\.|ip_forward )|bridge\.)/.test(line))
      // Those that are the kernel's own, and count.
      .filter((line) => !/stable_secret|mtu/.test(line))
      .join('\n');
  const before = settings();
  expect(before).toContain('net.ipv4.conf.eth1.forwarding = 1');
  lab.write('a.yaml', bridge('br0', { defaultPolicy: 'Allow', masquerade: {} }));
  lab.write('b.yaml', route('other', { to: '10.30.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.ready();
  expect(settings()).not.toBe(before);
  lab.remove('a.yaml');
  await lab.eventually('all is as before', () => settings() === before).catch(() => undefined);
  expect(settings()).toBe(before);
});
