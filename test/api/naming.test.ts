import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bridge } from '../../src/api/bridge.ts';
import type { Link } from '../../src/api/link.ts';
import {
  bridgeInterfaceOf,
  bridgeMacOf,
  hostInterfaceOf,
  linkLocalOf,
  macAddressOf,
} from '../../src/api/naming.ts';
import { dnsLabel, interfaceName, macAddress } from '../../src/api/scalars.ts';
import { bridge, link } from '../support/manifests.ts';
import { manifest } from '../netfilter/fixture.ts';

const linkOf = (name: string, namespace = 'default', spec: object = {}): Link =>
  manifest<Link>(link(name, 'x', 10, spec as never, { namespace })).resource;
const bridgeOf = (name: string, spec: object = {}): Bridge =>
  manifest<Bridge>(bridge(name, spec as never)).resource;

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/);
const dotted = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));

describe('hostInterfaceOf', () => {
  it.each([
    ['vm1', 'default', 'lx-vm1'],
    ['twelve-bytes', 'default', 'lx-twelve-bytes'],
  ])('of %s in %s is %s', (name, namespace, expected) => {
    expect(hostInterfaceOf(linkOf(name, namespace))).toBe(expected);
  });

  it('is what the manifest says', () => {
    expect(hostInterfaceOf(linkOf('vm1', 'default', { hostInterface: 'vm1' }))).toBe('vm1');
  });

  it('has a hash where the name is too long, or the namespace is not default', () => {
    expect(hostInterfaceOf(linkOf('thirteen-byte'))).toMatch(/^lx-thirt-[0-9a-f]{6}$/);
    expect(hostInterfaceOf(linkOf('vm-1-too-long-a-name'))).toMatch(/^lx-vm-1-[0-9a-f]{6}$/);
    expect(hostInterfaceOf(linkOf('vm1', 'other'))).toMatch(/^lx-vm1-[0-9a-f]{6}$/);
    expect(hostInterfaceOf(linkOf('vm1', 'other'))).not.toBe(hostInterfaceOf(linkOf('vm1', 'another')));
  });

  it('is the same tomorrow', () => {
    expect(hostInterfaceOf(linkOf('vm1', 'other'))).toBe('lx-vm1-4b590a');
  });

  it('is always a name that the kernel and the schema accept', () => {
    fc.assert(
      fc.property(dotted, label, (name, namespace) => {
        expect(interfaceName.safeParse(hostInterfaceOf(linkOf(name, namespace))).success).toBe(true);
      }),
    );
  });
});

describe('derived MAC addresses', () => {
  it('are unicast, locally administered, and follow from kind, namespace and name', () => {
    fc.assert(
      fc.property(label, label, (name, namespace) => {
        const mac = macAddressOf(linkOf(name, namespace));
        expect(macAddress.parse(mac)).toBe(mac);
        expect(Number.parseInt(mac.slice(0, 2), 16) & 3).toBe(2);
        expect(macAddressOf(linkOf(name, namespace, { mtu: 1400 }))).toBe(mac);
        expect(macAddressOf(linkOf(name, `${dnsLabel.parse(namespace)}x`))).not.toBe(mac);
        expect(bridgeMacOf(bridgeOf(name))).not.toBe(mac);
      }),
    );
  });

  it('give way to those of the manifest', () => {
    const spec = { macAddress: '02:AB:00:00:00:01' };
    expect(macAddressOf(linkOf('vm1', 'default', spec))).toBe('02:ab:00:00:00:01');
    expect(bridgeMacOf(bridgeOf('br0', spec))).toBe('02:ab:00:00:00:01');
  });
});

it('a bridge has the interface that its manifest says, or its own name', () => {
  expect(bridgeInterfaceOf(bridgeOf('br0'))).toBe('br0');
  expect(bridgeInterfaceOf(bridgeOf('lan', { interface: 'br0' }))).toBe('br0');
});

it('a link-local address is of fe80::/64 and has the universal bit flipped', () => {
  expect(linkLocalOf('52:54:00:12:34:56')).toBe('fe80::5054:ff:fe12:3456');
});
