import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/api/key.ts';
import type { Link } from '../../src/api/link.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { LxcNics, parseLxcNics } from '../../src/kernel/lxc-config.ts';

const nics = (...lines: readonly string[]) => parseLxcNics(lines.join('\n'));
const NOTHING = {
  link: undefined,
  macAddress: undefined,
  mtu: undefined,
  up: false,
  addresses: [],
  gateways: {},
};

describe('the interfaces of an LXC configuration', () => {
  it('are read with everything that a Link says, too', () => {
    const text = [
      'lxc.uts.name = vm1',
      '# lxc.net.0.mtu = 9000',
      'lxc.net.0.type = veth',
      '  lxc.net.0.flags=up',
      'lxc.net.0.link = br1',
      'lxc.net.0.ipv4.gateway = 10.10.20.1',
      'lxc.net.0.ipv6.gateway = fd00:20::2',
      'lxc.net.0.ipv6.gateway = auto',
      'lxc.net.0.name = lan0 ',
      'lxc.net.0.hwaddr = 00:16:3e:xx:xx:xx',
      'lxc.net.0.mtu = 1400',
      'lxc.net.0.ipv4.address = 10.10.20.10/24 10.10.20.255',
      'lxc.net.0.ipv4.address = 10.10.20.11/24',
      'lxc.net.0.ipv6.address = fd00:20::10/64',
      'lxc.net.0.script.up = /bin/true',
    ];
    expect(nics(...text)).toEqual([
      {
        index: 0,
        name: 'lan0',
        link: 'br1',
        macAddress: '00:16:3e:xx:xx:xx',
        mtu: '1400',
        up: true,
        addresses: ['10.10.20.10/24', '10.10.20.11/24', 'fd00:20::10/64'],
        gateways: { ipv4: '10.10.20.1', ipv6: 'auto' },
      },
    ]);
  });

  it('are those that are veth pairs, by their number, with the names that the kernel gives', () => {
    expect(
      nics(
        'lxc.net.7.type = veth',
        'lxc.net.2.type = veth',
        'lxc.net.1.type = empty',
        'lxc.net.3.mtu = 1400',
        'lxc.net.x.type = veth',
        'lxc.network.type = veth',
      ),
    ).toEqual([
      { ...NOTHING, index: 2, name: 'eth1' },
      { ...NOTHING, index: 7, name: 'eth3' },
    ]);
  });

  it('lose what an empty value takes back: one key, one interface, or all', () => {
    const two = ['lxc.net.0.type = veth', 'lxc.net.0.mtu = 1400', 'lxc.net.1.type = veth'];
    const numbers = (...more: readonly string[]) => nics(...two, ...more).map(({ index }) => index);
    expect(nics(...two, 'lxc.net.0.mtu =')[0]).toEqual({ ...NOTHING, index: 0, name: 'eth0' });
    expect(numbers()).toEqual([0, 1]);
    expect(numbers('lxc.net.0 =')).toEqual([1]);
    expect(numbers('lxc.net =')).toEqual([]);
    expect(numbers('lxc.net =', 'lxc.net.5.type = veth')).toEqual([5]);
  });

  it('are read in no time, also from the longest file that somebody could make of it', () => {
    const start = performance.now();
    const size = 1 << 20;
    const addresses = 'lxc.net.0.ipv4.address = 1\n'.repeat(size / 27);
    expect(nics('lxc.net.0.type = veth', addresses)[0]?.addresses).toHaveLength(64);
    expect(nics('lxc.net.0.type = veth', `lxc.net.0.name = a${' '.repeat(size)}b`)).toHaveLength(1);
    expect(nics(' '.repeat(size), 'lxc.net.0.type'.padEnd(size))).toEqual([]);
    // Quadratic, each of them would take minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('may be none, whatever the text', () => {
    for (const text of [
      '',
      '\0',
      '=',
      'lxc.net.',
      `lxc.net.0.type = ${'veth'.repeat(9)}`,
      'lxc.net.0.__proto__ = veth',
    ])
      expect(parseLxcNics(text)).toEqual([]);
  });
});

describe('what may be the interface of a Link', () => {
  const link = (name: string, lxcPath: string, text: string): Manifest<Link> =>
    ({
      key: keyOf('Link', 'default', name),
      resource: { kind: 'Link', spec: { container: { lxc: 'vm1', lxcPath }, interface: text } },
    }) as Manifest<Link>;

  it('is no interface that another Link names, also while that one has not seen a new start yet', async () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'vm1'));
    const lines = ['lxc.net.0.type = veth', 'lxc.net.0.name = lan0', 'lxc.net.0.link = br0'];
    writeFileSync(join(directory.path, 'vm1/config'), `${lines.join('\n')}\n`);
    const [lan, made] = [link('lan', directory.path, 'lan0'), link('made', `${directory.path}/`, 'eth9')];
    const known = new LxcNics();
    const candidates = () => [...known.ofLinks([lan, made])].map(([key, nics]) => [key, nics.length]);
    await known.look(made, '1:1');
    expect(candidates()).toEqual([]);
    await known.look(lan, '1:1');
    expect(candidates()).toEqual([[lan.key, 1]]);
    await known.look(made, '1:2');
    expect(candidates()).toEqual([[lan.key, 1]]);
  });

  it('is the one that no Link names', async () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'vm1'));
    writeFileSync(join(directory.path, 'vm1/config'), 'lxc.net.0.type = veth\nlxc.net.0.name = lan0\n');
    const made = link('made', directory.path, 'eth9');
    const known = new LxcNics();
    await known.look(made, '1:1');
    expect(known.ofLinks([made]).get(made.key)).toMatchObject([{ name: 'lan0' }]);
  });
});

function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'lxcnet-lxc-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
