import { describe, expect, it } from 'vitest';
import { look, lxc } from './imported.ts';

describe('an LXC configuration', () => {
  it('becomes a Link, in the spelling of today and in the old one', () => {
    const today = look({
      'vm1/config': [
        'lxc.uts.name = vm1',
        'lxc.net.0.type = veth',
        'lxc.net.0.flags = up',
        'lxc.net.0.link = br0',
        'lxc.net.0.name = wan0',
        'lxc.net.0.hwaddr = 00:16:3E:00:00:01',
        'lxc.net.0.mtu = 1400',
        'lxc.net.0.veth.pair = vm1-wan',
        'lxc.net.0.ipv4.address = 10.10.20.10/24',
        'lxc.net.0.ipv6.address = fd00:20::10/64',
      ].join('\n'),
    });
    expect(today.specs['Link/vm1']).toMatchObject({
      bridge: 'br0',
      container: { lxc: 'vm1' },
      interface: 'wan0',
      hostInterface: 'vm1-wan',
      macAddress: '00:16:3e:00:00:01',
      mtu: 1400,
      addresses: ['10.10.20.10/24', 'fd00:20::10/64'],
      gateway: 'Auto',
    });
    const old = look({
      a: [
        'lxc.utsname = vm1',
        'lxc.network.type=veth',
        'lxc.network.flags=up',
        'lxc.network.link=br0',
        'lxc.network.name=wan0',
        'lxc.network.hwaddr=00:16:3e:00:00:01',
        'lxc.network.mtu=1400',
        'lxc.network.veth.pair=vm1-wan',
        'lxc.network.ipv4=10.10.20.10/24',
        'lxc.network.ipv6=fd00:20::10/64',
      ].join('\n'),
    });
    expect(old.specs).toEqual(today.specs);
    expect(old.carried).toHaveLength(9);
    expect(old.reasons).toEqual([
      'a:4: no file given here says which addresses this bridge has: add them to its Bridge',
    ]);
  });

  it.each([
    ['the old way, one type after the other', 'network'],
    ['by index', 'net'],
  ])('becomes a Link for each interface, counted %s', (_, spelling) => {
    const key = (index: number, rest: string): string =>
      spelling === 'net' ? `lxc.net.${index}.${rest}` : `lxc.network.${rest}`;
    const { specs } = look({
      c: [
        'lxc.utsname = gw',
        key(0, 'type = veth'),
        key(0, 'link = br0'),
        key(1, 'type = veth'),
        key(1, 'link = br1'),
        key(1, 'name = dmz'),
      ].join('\n'),
    });
    expect(specs).toMatchObject({
      'Bridge/br0': {},
      'Bridge/br1': {},
      'Link/gw': { bridge: 'br0', interface: 'eth0' },
      'Link/gw-dmz': { bridge: 'br1', interface: 'dmz', container: { lxc: 'gw' } },
    });
  });

  it.each([
    ['lxc.uts.name', { c: 'lxc.uts.name = one\nlxc.rootfs.path = dir:/srv/two/rootfs\n' }, 'one'],
    ['the path of its root', { 'a/b/config': 'lxc.rootfs.path = dir:/srv/two/rootfs\n' }, 'two'],
    ['an old root', { c: 'lxc.rootfs = three/rootfs\n' }, 'three'],
    ['the directory of the file', { '/var/lib/lxc/four/config': '' }, 'four'],
    [
      'a name that LXC accepts, and a Link does not',
      { c: 'lxc.uts.name = Web_1.example\n' },
      'Web_1.example',
    ],
  ])('has its name from %s', (_, files, name) => {
    const [[file, text] = ['', '']] = Object.entries(files);
    const { specs } = look({ [file]: `${text}lxc.net.0.type = veth\nlxc.net.0.link = br0\n` });
    const link = Object.entries(specs).find(([key]) => key.startsWith('Link/'));
    expect(link?.[1]).toMatchObject({ container: { lxc: name } });
  });

  it.each([
    ['lxc.include = /usr/share/lxc/config/debian.common.conf', 'not read: if it has network keys'],
    ['lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx', 'a MAC address with `x` is made up'],
    ['lxc.net.0.hwaddr = 01:16:3e:00:00:01', 'must be a unicast address'],
    ['lxc.net.0.mtu = big', 'must be a number between 68 and 65535'],
    ['lxc.net.0.script.up = /etc/lxc/up.sh', 'a program that is not looked into'],
    ['lxc.net.0.ipv4.gateway = dev', 'a gateway is an address'],
    ['lxc.net.0.ipv4.address = 0.0.0.0/24', 'must be an address with its prefix length'],
    ['lxc.net.0.ipv4.address = 10.10.20.77/24 10.10.20.255', 'without the broadcast address'],
    ['lxc.net.0.flags = down', 'a Link has no field for this'],
    ['lxc.net.0.veth.mode = router', 'a Link has no field for this'],
    ['lxc.net.0.vlan.id = 7', 'a Link has no field for this'],
    ['lxc.net.0.veth.ipv4.route = 192.0.2.0/24', 'a Route with `via`'],
    ['lxc.net.1.type = macvlan', 'not macvlan'],
    ['lxc.net.1.type = phys', 'not phys'],
    ['lxc.net.1.type = none', "the host's own network"],
    ['lxc.net.1.type = empty', 'nothing says which bridge'],
    ['lxc.net.1.type = veth', 'it has no bridge'],
    ['lxc.sysctl.net.ipv4.ip_forward = 1', 'no manifest has a field'],
    ['lxc.hook.pre-start = /etc/lxc/hook', 'a program that is not looked into'],
    ['lxc.netwrk.type = veth', 'not recognised'],
    ['brctl addbr br0', 'not recognised'],
  ])('says of `%s`: %s', (line, reason) => {
    const { reasons } = look({ 'vm1/config': lxc('vm1', 10, line) });
    expect(reasons.filter((text) => text.startsWith('vm1/config:5: '))).toEqual([
      expect.stringContaining(reason),
    ]);
  });

  it.each([
    ['auto', 'Auto'],
    ['10.10.20.1', 'Auto'],
    ['10.10.20.254', ['10.10.20.254']],
  ])('has the gateway %s as %s', (given, gateway) => {
    const { specs, reasons } = look({
      'a.sh': 'brctl addbr br0; ifconfig br0 10.10.20.1/24',
      'vm1.conf': lxc('vm1', 10, `lxc.net.0.ipv4.gateway = ${given}`),
    });
    expect(specs['Link/vm1']).toMatchObject({ gateway });
    expect(reasons).toEqual([]);
  });

  it('lets a later line replace or clear an earlier one, and tells it', () => {
    const { specs, reasons } = look({
      c: lxc(
        'vm1',
        10,
        'lxc.net.0.mtu = 1400',
        'lxc.net.0.mtu = 1300',
        'lxc.net.0.ipv4.address =',
        'lxc.net.0.ipv4.address = 10.10.20.12',
      ),
    });
    expect(specs['Link/vm1']).toMatchObject({ mtu: 1300, addresses: ['10.10.20.12/8'] });
    expect(reasons.slice(1)).toEqual([
      'c:4: cleared in line 7',
      'c:5: replaced in line 6',
      'c:7: clears what stands before it',
    ]);
    expect(look({ c: lxc('vm1', 10, 'lxc.net =') }).specs).toEqual({});
  });

  it('ignores what has nothing to do with networks, and only that', () => {
    const text =
      'lxc.mount.entry = /lib lib none ro,bind 0 0\n# a comment\nlxc.pts = 1024\nlxc.cap.drop = sys_admin\n';
    expect(look({ c: `${text}${lxc('vm1', 10)}` }).comments).toHaveLength(1);
  });

  it('wonders about a name that is not that of its directory', () => {
    const nameOf = (file: string): readonly string[] =>
      look({ [file]: lxc('vm1', 10) }).reasons.filter((reason) => reason.startsWith(`${file}:1: `));
    expect(nameOf('/var/lib/lxc/vm1/config')).toEqual([]);
    expect(nameOf('/etc/old/vm1.conf')).toEqual([]);
    expect(nameOf('/var/lib/lxc/web/config')).toEqual([
      '/var/lib/lxc/web/config:1: the Link has this name; if LXC calls the container web, as its directory, write `lxc: web`',
    ]);
  });

  it('takes a field away that another container has already, and not the Link', () => {
    const mac = 'lxc.net.0.hwaddr = 00:16:3e:00:00:01';
    const { specs, reasons } = look({
      a: lxc('vm1', 10, mac),
      b: lxc('vm2', 10, mac, 'lxc.net.0.ipv4.address = 10.10.20.12/24'),
    });
    expect(specs['Link/vm2']).toMatchObject({ addresses: ['10.10.20.12/24'] });
    expect(specs['Link/vm2']).not.toHaveProperty('macAddress');
    expect(reasons.slice(1)).toEqual([
      "b:4: Duplicate value: the address '10.10.20.10' is that of Link/vm1 at a:3",
      "b:5: Duplicate value: the MAC address '00:16:3e:00:00:01' is that of Link/vm1 at a:3",
    ]);
  });
});
