import { describe, expect, it } from 'vitest';
import { lxcDifferences } from '../../controllers/lxc-differences.ts';
import type { Bridge } from '../../src/api/bridge.ts';
import type { Link } from '../../src/api/link.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { LxcNic, ObservedInterface } from '../../src/kernel/observed.ts';
import { bridge, link } from '../support/manifests.ts';
import { observedRoute } from './claims.ts';
import { input, lines, manifests } from './fixture.ts';
import { HOST_END, INSIDE, MADE, plan } from './link-scene.ts';

const AGREES: LxcNic = {
  index: 3,
  name: 'eth0',
  link: 'br0',
  macAddress: undefined,
  mtu: undefined,
  up: true,
  addresses: [],
  gateways: {},
};
const notesOf = (nic: Partial<LxcNic>) => plan({ ...MADE, lxcNic: { ...AGREES, ...nic } }).notes ?? [];
const PREFIX = INSIDE.mac.slice(0, 9);

describe("LXC's configuration", () => {
  it.each<[string, Partial<LxcNic>]>([
    ['says nothing', {}],
    ['says the same', { macAddress: INSIDE.mac.toUpperCase(), mtu: '1500', addresses: INSIDE.addresses }],
    ['leaves digits open that agree', { macAddress: `${PREFIX}xx:XX:xx` }],
    ['has the same gateways', { gateways: { ipv4: '10.10.20.1', ipv6: 'fd00:0020::1' } }],
    ['takes the gateways from the bridge', { gateways: { ipv4: 'auto', ipv6: 'auto' } }],
    ['writes an address in another way', { addresses: ['fd00:0020:0::10/64'] }],
  ])('may stand that %s', (_, nic) => {
    expect(notesOf(nic)).toEqual([]);
  });

  it.each<[string, Partial<LxcNic>, string]>([
    [
      'another MAC address',
      { macAddress: '00:16:3e:00:00:01' },
      `lxc.net.3.hwaddr = 00:16:3e:00:00:01, and not ${INSIDE.mac}`,
    ],
    [
      'a MAC address that is made up',
      { macAddress: '00:16:3e:xx:xx:xx' },
      `lxc.net.3.hwaddr = 00:16:3e:xx:xx:xx, and not ${INSIDE.mac}`,
    ],
    ['half a MAC address', { macAddress: 'xx' }, `lxc.net.3.hwaddr = xx, and not ${INSIDE.mac}`],
    ['another MTU', { mtu: '1400' }, 'lxc.net.3.mtu = 1400, and not 1500'],
    ['no MTU that is a number', { mtu: '1500b' }, 'lxc.net.3.mtu = 1500b, and not 1500'],
    ['not that it is up', { up: false }, 'lxc.net.3.flags is not up'],
    [
      'another address',
      { addresses: ['10.10.20.10/24', '10.10.20.99/24'] },
      'lxc.net.3.ipv4.address = 10.10.20.99/24, which the Link does not have',
    ],
    [
      'another prefix length',
      { addresses: ['fd00:20::10/48'] },
      'lxc.net.3.ipv6.address = fd00:20::10/48, which the Link does not have',
    ],
    ['another name', { name: 'lan0' }, 'lxc.net.3.name = lan0, and not eth0'],
    ['another bridge', { link: 'br1' }, 'lxc.net.3.link = br1, and not br0'],
    ['no bridge', { link: undefined }, 'lxc.net.3.link is not br0'],
    [
      'another gateway',
      { gateways: { ipv4: '10.10.20.254' } },
      'lxc.net.3.ipv4.gateway = 10.10.20.254, and not 10.10.20.1',
    ],
    [
      'no gateway but the interface',
      { gateways: { ipv6: 'dev' } },
      'lxc.net.3.ipv6.gateway = dev, and not fd00:20::1',
    ],
    [
      'the gateway of another bridge',
      { link: 'br1', gateways: { ipv4: 'auto' } },
      'lxc.net.3.link = br1, and not br0; lxc.net.3.ipv4.gateway = auto, and not 10.10.20.1',
    ],
    [
      'something long',
      { addresses: ['x'.repeat(2_000)] },
      `lxc.net.3.ipv4.address = ${'x'.repeat(49)}…, which the Link does not have`,
    ],
  ])('that says %s is told of', (_, nic, what) => {
    expect(notesOf(nic)).toEqual([
      {
        reason: 'LxcConfigDiffers',
        message: `LXC's configuration says otherwise of eth0, and the manifest wins: ${what}; \`lxcnet lxc-config vm1 --veth\` prints the lines that agree`,
      },
    ]);
  });

  it('is told of with the namespace of a Link that is in another', () => {
    const shop = link('vm1', 'vm1', 10, {}, { namespace: 'shop' });
    const wanted = manifests(bridge('br0'), shop) as [Manifest<Bridge>, Manifest<Link>];
    const [note] = lxcDifferences({
      manifest: wanted[1],
      bridge: wanted[0].resource,
      input: input(wanted, { lxcNics: { [wanted[1].key]: { ...AGREES, up: false } } }),
    });
    expect(note?.message).toContain('`lxcnet lxc-config vm1 --namespace shop --veth`');
  });
});

it('a gateway of LXC goes where the Link has none, and another stays', () => {
  const lxcNic = { ...AGREES, gateways: { ipv4: '10.10.20.254' } };
  const of = (via: string) => observedRoute('0.0.0.0/0', { via, interface: 'eth0', protocol: 'boot' });
  const routes = (via: string) => plan({ ...MADE, spec: { gateway: 'None' }, routes: [of(via)], lxcNic });
  expect(lines(routes('10.10.20.99').operations)).toEqual([]);
  const { operations, notes } = routes('10.10.20.254');
  expect(lines(operations)).toEqual([expect.stringContaining('ip route delete 0.0.0.0/0 via 10.10.20.254')]);
  expect(notes?.[0]?.message).toContain(
    'lxc.net.3.ipv4.gateway = 10.10.20.254, which the Link does not have',
  );
});

describe('a veth without a mark', () => {
  const taken = (master: string | undefined, lxcNic: LxcNic | undefined, more: object = {}) =>
    plan({
      ...MADE,
      spec: { container: { lxc: 'vm1' } },
      host: [{ ...HOST_END, alias: '', master, isolated: false, ...more } as ObservedInterface],
      ...(lxcNic && { lxcNic }),
    });
  const MOVED = [
    'mark: ip link set dev lx-vm1 alias lxcnet:Link/default/vm1',
    'configure: ip link set dev lx-vm1 master br0',
    'configure: ip link set dev lx-vm1 type bridge_slave isolated on',
  ];

  it.each([
    ['the bridge', 'br1'],
    ['no bridge', undefined],
  ])('in %s that LXC has put it in is moved', (_, master) => {
    expect(lines(taken(master, { ...AGREES, link: master }).operations)).toEqual(MOVED);
  });

  it.each<[string, string | undefined, LxcNic | undefined]>([
    ['another bridge than LXC names', 'br2', { ...AGREES, link: 'br1' }],
    ['a bridge where LXC names none', 'br1', { ...AGREES, link: undefined }],
    ['no bridge where LXC names one', undefined, { ...AGREES, link: 'br1' }],
    ['a bridge, and LXC makes no such interface', 'br1', undefined],
    ['no bridge, and LXC makes no such interface', undefined, undefined],
  ])("in %s is somebody else's", (_, master, nic) => {
    expect(taken(master, nic)).toMatchObject({ operations: [], obstacle: { reason: 'NameConflict' } });
  });

  it("that has somebody else's mark is theirs, and so is one whose other end is elsewhere", () => {
    const nic = { ...AGREES, link: 'br1' };
    expect(taken('br1', nic, { alias: 'mine' }).obstacle?.reason).toBe('NameConflict');
    expect(taken('br1', nic, { peerIndex: 99 }).obstacle?.reason).toBe('NameConflict');
  });
});

describe('addresses that LXC put on the interface', () => {
  const commands = (present: string[], addresses: string[]): string[] =>
    lines(
      plan({
        ...MADE,
        inside: { ...INSIDE, addresses: [...present, ...INSIDE.addresses] },
        lxcNic: { ...AGREES, addresses },
      }).operations,
    );

  it('go where the manifest does not have them, with whatever prefix length LXC gave them', () => {
    expect(commands(['10.10.20.99/8', 'fd00:20::99/64'], ['10.10.20.99', 'fd00:0020::99/64'])).toEqual([
      'container: ip address delete 10.10.20.99/8 dev eth0',
      'container: ip address delete fd00:20::99/64 dev eth0',
    ]);
    expect(commands(['10.10.20.10/16'], ['10.10.20.10/16'])).toEqual([
      'container: ip address delete 10.10.20.10/16 dev eth0',
    ]);
  });

  it('stay where it is not LXC that put them there', () => {
    expect(commands(['10.10.20.99/24'], ['10.10.20.98/24'])).toEqual([]);
    expect(commands([], ['10.10.20.10/24'])).toEqual([]);
  });
});
