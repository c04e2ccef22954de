import { expect, it } from 'vitest';
import { CLIENT, CLIENT6 } from '../support/lab-network.ts';
import { bridge } from '../support/manifests.ts';
import { Scene, WITHOUT_EVENT, renaming } from '../support/fault-scene.ts';

const LINK = 'ip -d -o link show dev lx-vm1';
/** A port that its Bridge declares. */
const PORT = 'ip -d -o link show dev p0';
const BRIDGE = 'ip -d -o link show dev br0';
const ADDRESSES = 'ip -o address show dev br0 | sort';
const ROUTES = 'ip route show proto 199; ip -6 route show proto 199';
const PROXIES = 'ip neighbour show proxy | sort';

const NAMES = 'ip -br link | sed "s/@if[0-9]*//"';

/** What somebody does, what shows it, and what the event about it has to say. */
const DRIFTS: readonly (readonly [command: string, see: string, told: string])[] = [
  ['ip link set lx-vm1 down', LINK, "lx-vm1: state 'down' → 'up'"],
  ['ip link set lx-vm1 nomaster', LINK, "lx-vm1: master '' → 'br0'"],
  ['ip link set p0 nomaster', PORT, "interface p0: master '' → 'br1'"],
  ['ip link set lx-vm1 master other0', LINK, "lx-vm1: master 'other0' → 'br0'"],
  ['ip link set lx-vm1 type bridge_slave isolated off', LINK, "lx-vm1: isolated 'off' → 'on'"],
  ['ip link set lx-vm1 mtu 1300', LINK, "lx-vm1: mtu '1300' → '1450'"],
  ['ip link set lx-vm1 alias ""', LINK, "lx-vm1: alias '' → 'lxcnet:Link/default/vm1'"],
  [renaming('lx-vm1', 'x0'), NAMES, "interface x0: name 'x0' → 'lx-vm1'"],
  ['ip link delete lx-vm1', 'ip -d link show dev lx-vm1 | grep -c "isolated on"', 'created interface lx-vm1'],
  ['ip link set br0 down', BRIDGE, "br0: state 'down' → 'up'"],
  ['ip link set br0 address 02:00:00:00:00:07', BRIDGE, "br0: macAddress '02:00:00:00:00:07' → "],
  ['ip link set br0 mtu 1300', BRIDGE, "br0: mtu '1300' → '1450'"],
  ['ip link set br0 alias ""', BRIDGE, "br0: alias '' → 'lxcnet:Bridge/br0'"],
  ['ip address delete 10.10.20.1/24 dev br0', ADDRESSES, 'created address 10.10.20.1/24 on br0'],
  ['ip address delete fd00:20::1/64 dev br0', ADDRESSES, 'created address fd00:20::1/64 on br0'],
  ['ip address flush dev br0 scope link', ADDRESSES, 'created address fe80::'],
  ['ip route delete 10.30.0.0/16', ROUTES, 'created route 10.30.0.0/16'],
  ['ip -6 route delete fd30::/32', ROUTES, 'created route fd30::/32'],
  ['ip route replace 10.30.0.0/16 via 192.168.254.3 metric 5 proto 199', ROUTES, 'via 192.168.254.3'],
  ['ip -6 route replace fd30::/32 via fd00:254::3 proto 199', ROUTES, 'via fd00:254::3'],
];

/** From its new name on nothing knows that the bridge is ours, so that what comes from it is let pass. */
const RENAMED_BRIDGE = [
  renaming('br0', 'x0'),
  `${NAMES}; ip -o address show dev br0 | awk '{ print $4 }' | sort; ${PROXIES}`,
  "interface x0: name 'x0' → 'br0'",
] as const;

/** The kernel sends no event for these. */
const SILENT: readonly (readonly [command: string, see: string, told: string])[] = [
  ['ip neighbour delete proxy fd00:20::10 dev br0', PROXIES, 'created neighbour proxy fd00:20::10 on br0'],
];

it('what somebody changes on the host is put right and told, and what is not ours stays', async () => {
  await using scene = new Scene();
  const { host, lab } = scene;
  for (const command of [
    'ip link add other0 address 02:00:00:00:00:aa type bridge',
    'ip link add f0 type veth peer name f1',
    'ip link add p0 type veth peer name p1',
    'ip link set f0 mtu 1333 alias mine',
    `ip route add 10.77.0.0/16 via ${CLIENT} metric 5`,
    `ip -6 route add fd77::/32 via ${CLIENT6}`,
    'ip rule add from 10.77.0.0/16 lookup 77',
    'nft add table inet other; nft add chain inet other c',
    'nft add rule inet other c tcp dport 7 counter',
  ])
    host.exec('sh', '-c', command);
  lab.write('b.yaml', bridge('br1', { addresses: ['10.10.21.1/24'], ports: ['p0'] }));
  await scene.start();
  host.exec('sh', '-c', 'ip link set f0 master br0; ip address add 10.99.0.1/24 dev br0');
  await lab.eventually('the port is told of', () => lab.cli('events').stdout.includes('UndeclaredPort'));
  scene.drip();
  const foreign = (): string =>
    [
      'ip -d link show dev f0; ip -d link show dev other0 | grep -v _timer; ip address show dev f1',
      'ip route show proto boot; ip -6 route show proto boot; ip rule; nft -s list table inet other',
      'ip -o address show dev br0 to 10.99.0.0/16',
    ]
      .map((command) => host.exec('sh', '-c', command))
      .join('');
  const before = foreign();

  const see = (command: string) => () =>
    host.run(['sh', '-c', command]).stdout.replace(/\S+_timer\s+\S+/g, '');
  for (const [command, looking] of DRIFTS)
    await scene.heals(command, see(looking), () => host.exec('sh', '-c', command));
  const [rename, names] = RENAMED_BRIDGE;
  await scene.heals(rename, see(names), () => host.exec('sh', '-c', rename), { opensFilter: true });
  for (const [command, looking] of SILENT)
    await scene.heals(command, see(looking), () => host.exec('sh', '-c', command), { limit: WITHOUT_EVENT });

  expect(foreign()).toBe(before);
  await lab.ready();
  // In no state in between was it taken for something that needs an edit.
  expect(await scene.metric(/^lxcnet_reconcile_total\{kind="\w+",result="terminal"\}/)).toBe(0);
  const events = lab.cli('events').stdout;
  for (const [command, , told] of [...DRIFTS, RENAMED_BRIDGE, ...SILENT])
    expect(events, command).toContain(told);
});
