import { describe, expect, it } from 'vitest';
import { planBridge } from '../../controllers/bridge.ts';
import type { Bridge } from '../../src/api/bridge.ts';
import type { Key } from '../../src/api/key.ts';
import { bridgeMacOf } from '../../src/api/naming.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { Claim } from '../../src/kernel/command.ts';
import type { ObservedInterface } from '../../src/kernel/observed.ts';
import { bridge } from '../support/manifests.ts';
import { claim, claimed, released } from './claims.ts';
import { device, input, lines, manifests, view } from './fixture.ts';

const BR0 = 'Bridge/br0' as Key;

const wanted = (spec: object = {}) => manifests(bridge('br0', spec as never))[0] as Manifest<Bridge>;

const made = device('br0', {
  kind: 'bridge',
  alias: 'lxcnet:Bridge/br0',
  mac: bridgeMacOf(wanted().resource),
  addresses: ['10.10.20.1/24', 'fd00:20::1/64'],
});

function plan(
  spec: object,
  interfaces: readonly ObservedInterface[],
  more: { readonly claims?: readonly Claim[]; readonly sysctls?: Readonly<Record<string, string>> } = {},
) {
  const one = wanted(spec);
  return planBridge(one, input([one], { host: view([made, ...interfaces]), ...more }));
}

describe('the ports of a bridge', () => {
  it('are entered into the inventory when they are attached', () => {
    const { operations } = plan({ ports: ['eth1'] }, [device('eth1')]);
    expect(claimed(operations)).toEqual(['port eth1']);
  });

  it('need nothing where they are attached', () => {
    expect(plan({ ports: ['eth1'] }, [device('eth1', { master: 'br0' })]).operations).toEqual([]);
  });

  it('that the manifest no longer has are detached, if lxcnet attached them', () => {
    const attached = [device('eth1', { master: 'br0' }), device('eth2', { master: 'br0' })];
    const { operations } = plan({}, attached, { claims: [claim(BR0, 'port', 'eth1')] });
    expect(lines(operations)).toEqual(['configure: ip link set dev eth1 nomaster']);
    expect(released(operations)).toEqual(['port eth1']);
  });

  it('that somebody has moved to another bridge meanwhile are not detached', () => {
    const moved = device('eth1', { master: 'docker0' });
    expect(plan({}, [moved], { claims: [claim(BR0, 'port', 'eth1')] }).operations).toEqual([]);
  });
});

describe('a new interface name in the manifest', () => {
  it('renames the interface, so that what hangs on it stays', () => {
    const { operations } = plan({ interface: 'lan' }, [], { claims: [claim(BR0, 'interface', 'br0')] });
    expect(lines(operations).slice(0, 2)).toEqual([
      'create: ip link set dev br0 down',
      'create: ip link set dev br0 name lan',
    ]);
    expect(lines(operations)).toContain('activate: ip link set dev lan up');
    expect(claimed(operations)).toContain('interface lan');
    expect(released(operations)).toEqual(['interface br0']);
  });

  it('takes the addresses along, which go later like others', () => {
    const claims = [claim(BR0, 'interface', 'br0'), claim(BR0, 'address', '10.10.20.1/24 dev lan')];
    const renamed = { ...made, addresses: ['10.10.20.1/24', '10.99.0.1/24'] };
    const { operations } = plan({ addresses: ['10.10.21.1/24'] }, [renamed], { claims });
    expect(lines(operations)).toEqual([
      'configure: ip address delete 10.10.20.1/24 dev br0',
      'configure: ip address add 10.10.21.1/24 dev br0',
    ]);
    expect(released(operations)).toEqual(['address 10.10.20.1/24 dev lan']);
  });

  it('removes the one under the old one where one of ours has the new one already', () => {
    const claims = [claim(BR0, 'interface', 'br0'), claim(BR0, 'interface', 'lan')];
    const { operations } = plan({ interface: 'lan' }, [{ ...made, name: 'lan', index: 99 }], { claims });
    expect(lines(operations)[0]).toBe('remove-bridges: ip link delete dev br0');
    expect(lines(operations).some((line) => line.includes(' name '))).toBe(false);
  });

  it('leaves an interface under the old one that lost its mark', () => {
    const { operations } = plan({ interface: 'lan' }, [{ ...made, alias: '' }], {
      claims: [claim(BR0, 'interface', 'br0')],
    });
    expect(lines(operations).filter((line) => line.includes('delete'))).toEqual([]);
  });
});

describe('the sysctls of a bridge', () => {
  it.each([
    ['Routed', '1'],
    ['Switched', '0'],
  ])('for siblings that are %s say %s to proxies', (siblings, value) => {
    const sysctls = { 'net/ipv4/conf/br0/proxy_arp_pvlan': '', 'net/ipv6/conf/br0/proxy_ndp': '' };
    expect(lines(plan({ siblings }, [], { sysctls }).operations)).toEqual([
      `sysctl: net/ipv4/conf/br0/proxy_arp_pvlan=${value}`,
      `sysctl: net/ipv6/conf/br0/proxy_ndp=${value}`,
    ]);
  });

  it('are set where they differ, without a claim, and not where the kernel lacks them', () => {
    const sysctls = { 'net/ipv4/conf/br0/forwarding': '0', 'net/ipv4/conf/br0/send_redirects': '0' };
    const { operations } = plan({}, [], { sysctls });
    expect(lines(operations)).toEqual(['sysctl: net/ipv4/conf/br0/forwarding=1']);
    expect(claimed(operations)).toEqual([]);
  });
});
