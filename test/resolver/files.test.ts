import { describe, expect, it } from 'vitest';
import type { Bridge } from '../../src/api/bridge.ts';
import { configDigest } from '../../src/kernel/resolver-files.ts';
import { SERVICES, type Service } from '../../src/resolver/config.ts';
import { desiredResolver, resolverNames, unnamedLinks } from '../../src/resolver/files.ts';
import { manifests } from '../controllers/fixture.ts';
import { bridge, link } from '../support/manifests.ts';

const MAC = { macAddress: '02:00:00:00:00:0A' };

/** The manifests by key, and the first, which is a Bridge. */
function parse(...documents: readonly object[]) {
  const parsed = manifests(...documents);
  const desired = new Map(parsed.map((manifest) => [manifest.key, manifest]));
  return { desired, first: parsed[0]!.resource as Bridge };
}

/** What a dnsmasq of the first Bridge is to read. */
function filesOf(service: Service, ...documents: readonly object[]) {
  const { desired, first } = parse(...documents);
  return desiredResolver(first, service, desired)!.files;
}

const config = (service: Service, spec: Readonly<Record<string, unknown>>): string[] =>
  filesOf(service, bridge('br0', spec)).config.trimEnd().split('\n').slice(1);
const ALONE = ['interface=br0', 'bind-dynamic', 'except-interface=lo', 'no-hosts'];

describe('the configuration', () => {
  it('answers our own names alone, unless the manifest says whom to ask for others', () => {
    const own = [...ALONE, 'local=/lxcnet/', 'domain-needed'];
    expect(config('dns', { dns: {}, dhcp: {} })).toEqual([...own, 'no-resolv']);
    expect(config('dns', { dns: { upstream: ['192.0.2.53', '2001:DB8::53'] } })).toEqual([
      ...own,
      'no-resolv',
      'server=192.0.2.53',
      'server=2001:db8::53',
    ]);
    expect(config('dns', { dns: { upstream: 'Host' } })).toEqual([
      ...own,
      'resolv-file=/etc/resolv.conf',
      'dns-loop-detect',
    ]);
  });

  it('lends addresses of each of the IPv4 networks, and leaves DNS to the other process', () => {
    const addresses = ['10.10.20.1/22', '10.10.23.254/22', '192.168.7.1/26', 'fd00:20::1/64'];
    expect(config('dhcp', { interface: 'lan0', addresses, dhcp: {}, dns: {} })).toEqual([
      'interface=lan0',
      ...ALONE.slice(1),
      'port=0',
      'dhcp-range=10.10.20.0,static,255.255.252.0,1h',
      'dhcp-range=192.168.7.0,static,255.255.255.192,1h',
      'dhcp-authoritative',
      'leasefile-ro',
      'no-ping',
    ]);
  });

  it('is another only where the bridge is another', () => {
    const digest = (...documents: readonly object[]): string => configDigest(filesOf('dns', ...documents));
    const one = bridge('br0', { dns: {}, dhcp: {} });
    expect(digest(one, link('a', 'a', 10))).toBe(digest(one));
    expect(digest(bridge('br0', { dns: {} }))).toBe(digest(one));
    expect(digest(bridge('br0', { dns: { upstream: 'Host' }, dhcp: {} }))).not.toBe(digest(one));
  });

  it('is for bridges that ask for it', () => {
    const { first, desired } = parse(
      bridge('br0'),
      bridge('br1', { addresses: ['10.0.1.1/24'], dns: {} }),
      bridge('br2', { addresses: ['10.0.2.1/24'], dhcp: {} }),
    );
    expect([...resolverNames(desired)]).toEqual(['br1/dns', 'br2/dhcp']);
    for (const service of SERVICES) expect(desiredResolver(first, service, desired)).toBeUndefined();
  });
});

describe('names', () => {
  const hosts = (...documents: readonly object[]): string | undefined =>
    filesOf('dns', bridge('br0', { dns: {} }), ...documents).data['addn-hosts'];

  it('are those of all links, of every bridge and namespace, with all their addresses', () => {
    const text = hosts(
      bridge('br1', { addresses: ['10.10.21.1/24'] }),
      link('web', 'w', 10),
      link('db.main', 'd', 0, { bridge: 'br1', addresses: ['10.10.21.11/24'] }, { namespace: 'back' }),
    );
    expect(text).toBe(
      '10.10.20.10 web.default.lxcnet\n10.10.21.11 db.main.back.lxcnet\nfd00:20::10 web.default.lxcnet\n',
    );
  });

  it('do not depend on the order of the manifests', () => {
    const [a, b] = [link('a', 'a', 10), link('b', 'b', 11)];
    expect(hosts(a, b)).toBe(hosts(b, a));
  });

  it('that DNS cannot hold are left out', () => {
    const label = 'a'.repeat(63);
    const names = [`${label}a`, [label, label, label, 'a'.repeat(50)].join('.')];
    const links = names.map((name, index) => link(name, `c${index}`, 10 + index, {}, { labels: {} }));
    expect(hosts(...links)).toBe('');
    expect(unnamedLinks(parse(...links).desired)).toEqual(names.map((name) => `Link/default/${name}`));
    expect(hosts(link(label, 'a', 10, {}, { labels: {} }))).toContain(
      `10.10.20.10 ${label}.default.lxcnet\n`,
    );
  });
});

describe('leases', () => {
  const data = (spec: object, ...documents: readonly object[]) =>
    filesOf('dhcp', bridge('br0', { dhcp: {}, ...spec }), ...documents).data;

  it("are a link's first IPv4 address in a network of its bridge, for its MAC address", () => {
    const { 'dhcp-hostsfile': leases } = data(
      {},
      bridge('br1', { addresses: ['10.10.21.1/24'] }),
      link('vm2', 'b', 11, {
        addresses: ['fd00:20::11/64', '192.0.2.11/24', '10.10.20.12/24', '10.10.20.13/24'],
      }),
      link('vm1', 'a', 10, MAC),
      link('six', 'c', 12, { addresses: ['fd00:20::12/64'] }),
      link('far', 'd', 13, { addresses: ['192.0.2.13/24'] }),
      link('other', 'e', 14, { bridge: 'br1', addresses: ['10.10.21.14/24'] }),
    );
    expect(leases?.split('\n')).toEqual([
      '02:00:00:00:00:0a,set:a10-10-20-10,10.10.20.10,1h',
      expect.stringMatching(/^02(:[0-9a-f]{2}){5},set:a10-10-20-12,10\.10\.20\.12,1h$/),
      '',
    ]);
  });

  const options = (bridgeSpec: object, linkSpec: object): string[] => {
    const one = link('vm1', 'a', 10, { ...MAC, ...linkSpec }, { namespace: 'lab' });
    const { 'dhcp-optsfile': text = '' } = data(bridgeSpec, one);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^tag:a10-10-20-10,option:/, ''));
  };

  it.each<[string, object, object, string[]]>([
    ['the gateway', {}, {}, ['router,10.10.20.1', 'mtu,1500']],
    ['no gateway', {}, { gateway: 'None' }, ['router', 'mtu,1500']],
    [
      'a gateway of its own',
      {},
      { gateway: ['fd00:20::9', '10.10.20.9'] },
      ['router,10.10.20.9', 'mtu,1500'],
    ],
    [
      'routes, the default route among them, and none of the other family',
      {},
      { routes: [{ to: '10.9.0.0/16', via: '10.10.20.2' }, { to: '10.8.0.0/16' }, { to: 'fd00:9::/48' }] },
      [
        'router,10.10.20.1',
        'classless-static-route,0.0.0.0/0,10.10.20.1,10.9.0.0/16,10.10.20.2,10.8.0.0/16,10.10.20.1',
        'mtu,1500',
      ],
    ],
    [
      'a default route by another way, once',
      {},
      { gateway: 'None', routes: [{ to: 'default', via: '10.10.20.2' }] },
      ['router', 'classless-static-route,0.0.0.0/0,10.10.20.2', 'mtu,1500'],
    ],
    ['the MTU of the bridge', { mtu: 1400 }, {}, ['router,10.10.20.1', 'mtu,1400']],
    ['its own MTU', { mtu: 1400 }, { mtu: 1300 }, ['router,10.10.20.1', 'mtu,1300']],
    [
      'where its names are',
      { dns: {} },
      {},
      [
        'router,10.10.20.1',
        'mtu,1500',
        'dns-server,10.10.20.1',
        'domain-name,lab.lxcnet',
        'domain-search,lab.lxcnet,lxcnet',
      ],
    ],
  ])('tell %s', (_, bridgeSpec, linkSpec, expected) => {
    expect(options(bridgeSpec, linkSpec)).toEqual(['netmask,255.255.255.0', ...expected]);
  });
});
