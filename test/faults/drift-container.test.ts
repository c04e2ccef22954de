import { expect, it } from 'vitest';
import { Scene, renaming } from '../support/fault-scene.ts';

const LINK = 'ip -o link show dev eth0';
const ADDRESSES = 'ip -o address show dev eth0 scope global | sort';
const ROUTES = '(ip route show; ip -6 route show) | grep -v "^fe80" | sort';

/** What somebody does inside the container, and what the event about it has to say. */
const DRIFTS: readonly (readonly [command: string, see: string, told: string])[] = [
  ['ip link set eth0 down', ROUTES, "interface eth0 in Link/default/vm1: state 'down' → 'up'"],
  ['ip link set eth0 address 02:00:00:00:00:07', LINK, "macAddress '02:00:00:00:00:07' → "],
  ['ip link set eth0 mtu 1300', LINK, "eth0 in Link/default/vm1: mtu '1300' → '1450'"],
  ['ip address delete 10.10.20.10/24 dev eth0', ADDRESSES, 'created address 10.10.20.10/24 on eth0'],
  ['ip address delete fd00:20::10/64 dev eth0', ADDRESSES, 'created address fd00:20::10/64 on eth0'],
  ['ip address flush dev eth0', ADDRESSES, 'created route 0.0.0.0/0 via 10.10.20.1'],
  ['ip route delete default', ROUTES, 'created route 0.0.0.0/0 via 10.10.20.1'],
  ['ip -6 route delete default', ROUTES, 'created route ::/0 via fd00:20::1'],
  ['ip route delete 10.9.0.0/16', ROUTES, 'created route 10.9.0.0/16 via 10.10.20.1'],
  ['ip -6 route delete fd09::/32', ROUTES, 'created route fd09::/32 via fd00:20::1'],
  ['ip route replace default via 10.10.20.99', ROUTES, 'deleted route 0.0.0.0/0 via 10.10.20.99'],
  ['ip -6 route replace default via fd00:20::99', ROUTES, 'deleted route ::/0 via fd00:20::99'],
  [
    'ip route delete default; ip route add default via 10.10.20.1 metric 50 proto 199',
    ROUTES,
    'deleted route 0.0.0.0/0 via 10.10.20.1 dev eth0 in Link/default/vm1',
  ],
  [
    'ip -6 route delete default; ip -6 route add default via fd00:20::1 metric 50 proto 199',
    ROUTES,
    'deleted route ::/0 via fd00:20::1 dev eth0 in Link/default/vm1',
  ],
  [
    renaming('eth0', 'eth9'),
    `ip -br link | sed "s/@if[0-9]*//"; ${ROUTES}`,
    "interface eth9 in Link/default/vm1: name 'eth9' → 'eth0'",
  ],
  ['ip link delete eth0', 'ip -br link show dev eth0 | sed "s/@if[0-9]*//"', 'created interface lx-vm1'],
];

it('what a container, or somebody inside, changes of its link is put right and told', async () => {
  await using scene = new Scene();
  const { vm1, lab } = scene;
  await scene.start();
  scene.drip();
  vm1.exec('sh', '-c', 'ip address add 10.98.0.1/24 dev lo; ip route add blackhole 10.97.0.0/16');
  const own = (): string => vm1.exec('sh', '-c', 'ip address show dev lo; ip route show type blackhole');
  const before = own();

  for (const [command, looking] of DRIFTS) {
    const see = (): string => vm1.run(['sh', '-c', looking]).stdout;
    await scene.heals(`in the container: ${command}`, see, () => vm1.exec('sh', '-c', command));
  }

  expect(own()).toBe(before);
  await lab.ready();
  const events = lab.cli('events').stdout;
  for (const [command, , told] of DRIFTS) expect(events, command).toContain(told);
});
