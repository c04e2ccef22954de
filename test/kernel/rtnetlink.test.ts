import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { carryOut } from '../../src/kernel/ip.ts';
import { Netlink } from '../../src/kernel/netlink.ts';
import type { NamespaceView } from '../../src/kernel/observed.ts';
import { readAddresses } from '../../src/rtnetlink/addresses.ts';
import { NAMESPACE_QUERIES, readNamespace } from '../../src/rtnetlink/view.ts';
import { viewByIp } from '../support/ip-view.ts';
import { kernelState } from '../support/kernel-state.ts';
import { Lab } from '../support/lab.ts';
import type { NetNs } from '../support/netns.ts';

/* What is read and written by rtnetlink is compared with what the kernel's own tool, `ip`, says and does. */

/** A bit of everything that is looked at. The words are those of `ip`, and in the second list those that lxcnet uses, too. */
const STRANGE = `link add d0 type bridge
link set d0 alias "someone's, and so on"
link set d0 address 02:00:00:00:00:07
link add bond0 type bridge
link add v0 type veth peer name v1
link set v1 up
address add 10.7.0.1/24 dev d0 scope site
address add 10.7.1.1 peer 10.7.1.2/32 dev d0
address add 169.254.1.1/16 dev d0 scope link
link set d0 up
link set v0 up
address add fd00:7::1/64 dev v0 nodad
route add 10.70.0.0/16 dev d0 proto dhcp
route add 10.71.0.0/16 via 10.7.0.9 proto 77
route add local 10.72.0.0/16 dev lo
route add throw 10.73.0.0/16
route add default via 10.7.0.9
route add 10.74.0.0/16 nexthop via 10.7.0.8 weight 3 nexthop dev v0 weight 256
route add 10.75.0.0/16 via inet6 fd00:7::9 dev v0
route add fd00:70::/32 via fd00:7::9 metric 7
route add fd00:71::/32 nexthop via fd00:7::8 dev v0 nexthop via fd00:7::9 dev v0
route add default via fd00:7::1:1 dev v0`;

const OURS = `link add name br0 address 02:00:00:00:00:01 type bridge
link set dev br0 alias lxcnet:Bridge/br0
link set dev br0 addrgenmode none
link set dev br0 mtu 1400
link set dev br0 up
link add name lx-vm1 mtu 1400 type veth peer name eth0 address 02:00:00:00:00:02 mtu 1400
link set dev lx-vm1 master br0
link set dev lx-vm1 type bridge_slave isolated on
link set dev lx-vm1 group 1990199
link set dev lx-vm1 up
address add 10.10.20.1/24 dev br0
address add fd00:20::1/64 dev br0 nodad
neighbour add proxy fd00:20::10 dev br0
neighbour add proxy 10.10.20.10 dev br0
route add 10.8.0.0/16 via 10.10.20.9 table 254 proto 199
route add 10.8.0.0/16 via 10.10.20.9 dev br0 src 10.10.20.1 metric 5 table 1000 proto 199 mtu 1300
route add 10.8.1.0/24 via 192.0.2.1 dev br0 onlink table 254 proto 199
route add 10.9.0.0/16 table 254 proto 199 nexthop via 10.10.20.9 dev br0 weight 1 nexthop via 10.10.20.8 weight 7
route add 10.77.0.0/16 via fd00:20::9 dev br0 table 254 proto 199
route add 10.78.0.0/16 dev br0 table 254 proto 199
route add blackhole 10.80.0.0/16 table 254 proto 199
route add prohibit fd00:80::/32 table 255 proto 199
route add unreachable fd00:81::/32 metric 9 table 254 proto 199
route add fd00:8::/32 via fd00:20::9 dev br0 table 254 proto 199 mtu 1280
route add fd00:9::/32 table 254 proto 199 nexthop via fd00:20::9 dev br0 weight 2 nexthop via fd00:20::8 dev br0 weight 1
route replace 10.8.0.0/16 via 10.10.20.7 table 254 proto 199
route delete 10.78.0.0/16 dev br0 table 254 proto 199
route delete unreachable fd00:81::/32 dev lo table 254 metric 9 proto 199
neighbour delete proxy 10.10.20.10 dev br0
link add name gone type bridge
link delete dev gone
link set dev lx-vm1 down
link set dev lx-vm1 name lx-vm2
link set dev lx-vm2 nomaster
address add 10.10.21.1/24 dev br0
address delete 10.10.21.1/24 dev br0`.split('\n');

let netlink: Netlink;
beforeEach(() => {
  netlink = new Netlink();
});
afterEach(() => {
  netlink.close();
});

const at = ({ name }: NetNs): { path: string } => ({ path: `/run/netns/${name}` });
const commands = (lines: readonly string[]) => lines.map((line) => ({ args: line.split(' ') }));

async function byNetlink(netns: NetNs): Promise<NamespaceView> {
  const { replies } = await netlink.ask(NAMESPACE_QUERIES, at(netns));
  expect(replies.flatMap(({ refusal }) => refusal ?? [])).toEqual([]);
  return readNamespace(replies.map(({ answer }) => answer.messages));
}

describe('a namespace', () => {
  it('is read as ip reads it, whatever is in there', async () => {
    await using lab = new Lab();
    const vm1 = lab.container('vm1');
    lab.host.exec('ip', 'link', 'add', 'lx-vm1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', vm1.name);
    expect(lab.host.run(['ip', '-batch', '-'], `${STRANGE}\n`)).toMatchObject({ status: 0 });
    await carryOut(netlink, commands(OURS), [], at(lab.host));
    for (const netns of [lab.host, vm1, lab.client]) expect(await byNetlink(netns)).toEqual(viewByIp(netns));
    const { interfaces, routes } = await byNetlink(lab.host);
    expect(interfaces.size).toBeGreaterThanOrEqual(8);
    expect(routes.length).toBeGreaterThan(20);
  });

  it('is read again where something has changed meanwhile, so that nothing is missing', async () => {
    await using lab = new Lab();
    // More than the kernel sends at once.
    const stay = Array.from({ length: 2_000 }, (_, index) => `10.50.${index >> 8}.${index & 255}/32`);
    lab.host.run(['ip', '-batch', '-'], stay.map((one) => `address add ${one} dev lo\n`).join(''));
    const storm = lab.follow([
      'sh',
      '-c',
      'while :; do echo "address add 10.40.0.1/32 dev lo\naddress delete 10.40.0.1/32 dev lo"; sleep 0.01; done | ip -force -batch -',
    ]);
    try {
      let torn = 0;
      for (let look = 0; look < 200; look++) {
        const [, addresses] = (await netlink.ask(NAMESPACE_QUERIES, at(lab.host))).replies;
        if (addresses!.answer.interrupted) torn++;
        const found = new Set(readAddresses(addresses!.answer.messages).map(({ address }) => address));
        expect(stay.filter((one) => !found.has(one))).toEqual([]);
      }
      // It gives up after some attempts, which is rare.
      expect(torn).toBeLessThan(5);
    } finally {
      storm.kill('SIGKILL');
    }
  });
});

describe('commands', () => {
  it('leave behind what the same words to ip do', async () => {
    await using lab = new Lab();
    const [ours, ips] = [lab.container('ours'), lab.container('ips')];
    const { errors } = await carryOut(netlink, commands(OURS), [], at(ours));
    expect(errors.filter((error) => error !== undefined)).toEqual([]);
    // `ip` has a word more for a next hop of the other family.
    const batch = OURS.map((line) =>
      line.replace('via fd00:20::9 dev br0 table 254 proto 199', (words) =>
        line.startsWith('route add 10.') ? words.replace('via', 'via inet6') : words,
      ),
    );
    expect(ips.run(['ip', '-batch', '-'], `${batch.join('\n')}\n`)).toMatchObject({ status: 0, stderr: '' });
    // What the kernel makes up: the MAC address of the host's end.
    const mac = (netns: NetNs): string =>
      (netns.json('ip', '-j', 'link', 'show', 'lx-vm2') as { address: string }[])[0]!.address;
    const state = (netns: NetNs): unknown =>
      JSON.parse(JSON.stringify(kernelState(netns)).replaceAll(mac(netns), 'MAC'));
    expect(state(ours)).toEqual(state(ips));
    expect(JSON.stringify(state(ours))).toContain('fd00:9::');
  });

  it('that are refused are told in the kernel’s words, and do not keep others from being carried out', async () => {
    await using lab = new Lab();
    const { errors } = await carryOut(
      netlink,
      commands([
        'address add 10.1.0.1/24 dev nowhere',
        'link add name br0 type bridge',
        'link add name br0 type bridge',
        'link set dev br0 master br0',
        'link set dev br0 colour red',
        'route add 10.4.0.0/16 via 10.99.0.1 table 254 proto 199',
        'link set dev br0 up',
        `link set dev br0 name ${'x'.repeat(16)}`,
        `link set dev ${'x'.repeat(16)} up`,
      ]),
      [],
      at(lab.host),
    );
    expect(errors).toEqual([
      'Cannot find device "nowhere"',
      undefined,
      'File exists',
      expect.stringMatching(/./),
      `Cannot read "colour" in the command 'ip link set dev br0 colour red'`,
      'Nexthop has invalid gateway',
      undefined,
      expect.stringMatching(/./),
      `Cannot find device "${'x'.repeat(16)}"`,
    ]);
    expect(lab.host.exec('ip', '-o', 'link', 'show', 'dev', 'br0')).toContain(',UP');
  });

  it('that delete what has gone already are as good as done', async () => {
    await using lab = new Lab();
    const lines = [
      'link delete dev nowhere',
      'address delete 10.1.0.1/24 dev eth0',
      'route delete 10.4.0.0/16 table 254 proto 199',
      'neighbour delete proxy fd00::5 dev eth0',
    ];
    const { errors } = await carryOut(netlink, commands(lines), [], at(lab.host));
    expect(errors).toEqual(lines.map(() => undefined));
  });

  it('may be that neighbours are forgotten, but for those that somebody has made', async () => {
    await using lab = new Lab();
    const { host } = lab;
    const make = (address: string, state: string, dev = 'eth0'): string =>
      host.exec('ip', 'neighbour', 'add', address, 'lladdr', '02:00:00:00:00:09', 'nud', state, 'dev', dev);
    make('192.168.254.50', 'reachable');
    make('fd00:254::50', 'stale');
    make('192.168.254.51', 'permanent');
    host.exec('ip', 'link', 'add', 'other', 'up', 'type', 'bridge');
    make('192.168.254.52', 'reachable', 'other');
    const { errors } = await carryOut(
      netlink,
      commands(['neighbour flush dev eth0', 'neighbour flush dev nowhere']),
      [],
      at(host),
    );
    expect(errors).toEqual([undefined, 'Cannot find device "nowhere"']);
    const left = (host.json('ip', '-j', 'neighbour') as { dst: string }[]).map(({ dst }) => dst);
    expect(left.sort()).toEqual(['192.168.254.51', '192.168.254.52']);
  });
});
