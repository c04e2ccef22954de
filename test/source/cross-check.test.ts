import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../src/source/cross-check.ts';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, documents, link, portForward } from './examples.ts';

/** Files with one manifest each: a.yaml, b.yaml and so on. */
function manifestsOf(...texts: readonly string[]) {
  return texts.flatMap((text, index) => {
    const { manifests, errors } = parseManifests(`${String.fromCharCode(97 + index)}.yaml`, text);
    expect(errors).toEqual([]);
    return manifests;
  });
}

function check(...texts: readonly string[]) {
  const { accepted, errors } = crossCheck(manifestsOf(...texts));
  return {
    accepted: accepted.map(({ key, origin }) => `${key} in ${origin.file}`),
    errors: errors.map(formatFieldError),
  };
}

function errorsOf(...texts: readonly string[]): readonly string[] {
  return check(...texts).errors;
}

describe('crossCheck', () => {
  it('accepts what does not contradict', () => {
    const texts = [
      bridge('{addresses: [10.0.0.1/24, "fd00::1/64"]}'),
      link('addresses: [10.0.0.2/24]'),
      link('', 'vm2'),
    ];
    expect(check(...texts)).toMatchObject({ accepted: { length: 3 }, errors: [] });
  });

  it('keeps the first of two declarations of a resource, and names both places', () => {
    expect(check(bridge('{mtu: 1400}'), bridge('{mtu: 1500}'))).toEqual({
      accepted: ['Bridge/br0 in a.yaml'],
      errors: ['b.yaml:1:1: Bridge/br0: metadata.name: Duplicate value: it is declared at a.yaml:1 already'],
    });
  });

  it('keeps the first of two in one file', () => {
    expect(
      errorsOf(
        documents(
          portForward('{ports: [{port: 80}], link: {name: a}}'),
          portForward('{ports: [{port: 81}], link: {name: a}}'),
        ),
      ),
    ).toEqual([
      'a.yaml:6:1: PortForward/web: metadata.name: Duplicate value: it is declared at a.yaml:1 already',
    ]);
  });

  it('tells resources of different namespaces apart', () => {
    expect(
      errorsOf(
        link('hostInterface: a'),
        link('hostInterface: b', 'vm1, namespace: lab').replace('lxc: vm1, namespace: lab', 'lxc: other'),
      ),
    ).toEqual([]);
  });

  it.each([
    [
      'address',
      'addresses: [10.0.0.2/24]',
      'addresses: [10.0.0.3/24, 10.0.0.2/16]',
      'spec.addresses[1]',
      "the address '10.0.0.2'",
    ],
    [
      'address, however it is written',
      'addresses: ["fd00::2/64"]',
      'addresses: ["FD00:0::2/64"]',
      'spec.addresses[0]',
      "the address 'fd00::2'",
    ],
    [
      'MAC address',
      'macAddress: 02:00:00:00:00:0a',
      'macAddress: 02:00:00:00:00:0A',
      'spec.macAddress',
      "the MAC address '02:00:00:00:00:0a'",
    ],
    [
      'host interface',
      'hostInterface: veth1',
      'hostInterface: veth1',
      'spec.hostInterface',
      "the interface 'veth1'",
    ],
  ])('refuses the second Link with one %s', (_what, first, second, field, named) => {
    expect(check(link(first, 'vm1'), link(second, 'vm2'))).toEqual({
      accepted: ['Link/default/vm1 in a.yaml'],
      errors: [`b.yaml:1:1: Link/vm2: ${field}: Duplicate value: ${named} is that of Link/vm1 at a.yaml:1`],
    });
  });

  it('knows the names that manifests leave out', () => {
    expect(errorsOf(link('', 'vm1'), link('hostInterface: lx-vm1', 'vm2'))).toHaveLength(1);
    expect(errorsOf(bridge('{}', 'lx-vm1'), link('', 'vm1'))).toEqual([
      "b.yaml:1:1: Link/vm1: spec.hostInterface: Duplicate value: the interface 'lx-vm1' is that of Bridge/lx-vm1 at a.yaml:1",
    ]);
  });

  it('refuses the second Link with one interface of one container', () => {
    const other = link('', 'vm2').replace('lxc: vm2', 'lxc: vm1');
    expect(errorsOf(link('', 'vm1'), other)).toEqual([
      "b.yaml:1:1: Link/vm2: spec.interface: Duplicate value: the interface in a container 'lxc vm1: eth0' is that of Link/vm1 at a.yaml:1",
    ]);
    expect(errorsOf(link('', 'vm1'), other.replace('bridge: br0', 'bridge: br0, interface: eth1'))).toEqual(
      [],
    );
    expect(errorsOf(link('', 'vm1'), other.replace('lxc: vm1', 'lxc: vm1, lxcPath: /srv'))).toEqual([]);
    // However the same path is written.
    for (const path of ['/var/lib/lxc', '/var/lib/lxc//'])
      expect(errorsOf(link('', 'vm1'), other.replace('lxc: vm1', `lxc: vm1, lxcPath: ${path}`))).toHaveLength(
        1,
      );
    expect(errorsOf(link('', 'vm1'), other.replace('lxc: vm1', 'netns: vm1'))).toEqual([]);
  });

  it('refuses the second Bridge with one interface, or one port', () => {
    expect(
      errorsOf(
        bridge('{}', 'br0'),
        bridge('{interface: br0, ports: [eth1]}', 'br1'),
        bridge('{ports: [eth1]}', 'br2'),
      ),
    ).toEqual([
      "b.yaml:1:1: Bridge/br1: spec.interface: Duplicate value: the interface 'br0' is that of Bridge/br0 at a.yaml:1",
    ]);
    expect(errorsOf(bridge('{ports: [eth1]}', 'br0'), bridge('{ports: [eth2, eth1]}', 'br1'))).toEqual([
      "b.yaml:1:1: Bridge/br1: spec.ports[1]: Duplicate value: the port 'eth1' is that of Bridge/br0 at a.yaml:1",
    ]);
  });

  it('refuses what one resource says twice', () => {
    expect(errorsOf(link('addresses: [10.0.0.2/24, 10.0.0.2/24]'))).toEqual([
      "a.yaml:1:1: Link/vm1: spec.addresses[1]: Duplicate value: the address '10.0.0.2' is given twice",
    ]);
  });

  it('refuses the second of two Bridges with overlapping networks, family by family', () => {
    const first = bridge('{addresses: [10.10.0.1/16, "fd00::1/64"]}', 'br0');
    expect(errorsOf(first, bridge('{addresses: [10.10.20.1/24]}', 'br1'))).toEqual([
      "b.yaml:1:1: Bridge/br1: spec.addresses[0]: Invalid value: '10.10.20.1/24' overlaps with '10.10.0.1/16' of Bridge/br0 at a.yaml:1",
    ]);
    expect(errorsOf(first, bridge('{addresses: [10.11.0.1/16, "fd00::1:0:0:0:1/64"]}', 'br1'))).toEqual([]);
  });

  it('lets a Bridge have several addresses of one network', () => {
    expect(errorsOf(bridge('{addresses: [10.0.0.1/24, 10.0.0.2/24]}'))).toEqual([]);
  });

  it('wants an interface where the name of a Bridge cannot be one', () => {
    expect(errorsOf(bridge('{}', 'a-bridge-with-a-long-name'))).toEqual([
      "a.yaml:1:1: Bridge/a-bridge-with-a-long-name: spec.interface: Required value: 'a-bridge-with-a-long-name' cannot be the name of an interface: it must be no more than 15 bytes",
    ]);
    expect(errorsOf(bridge('{interface: br0}', 'a-bridge-with-a-long-name'))).toEqual([]);
  });

  it('lets an address be outside every network of its bridge', () => {
    expect(errorsOf(bridge('{addresses: [10.0.0.1/24]}'), link('addresses: [192.0.2.5/32]'))).toEqual([]);
  });

  it('does not count what was refused', () => {
    const texts = [
      link('addresses: [10.0.0.2/24]', 'vm1'),
      link('addresses: [10.0.0.2/24, 10.0.0.3/24]', 'vm2'),
      link('addresses: [10.0.0.3/24]', 'vm3'),
    ];
    expect(check(...texts).accepted).toEqual(['Link/default/vm1 in a.yaml', 'Link/default/vm3 in c.yaml']);
  });

  it('finds nothing more to refuse in what it accepted', () => {
    const one = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      last: fc.integer({ min: 1, max: 4 }),
      isBridge: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (choices) => {
        const texts = choices.map(({ name, last, isBridge }) =>
          isBridge
            ? bridge(`{addresses: [10.0.${last}.1/24]}`, name)
            : link(`addresses: [10.1.0.${last}/24]`, name),
        );
        const { accepted } = crossCheck(manifestsOf(...texts));
        expect(crossCheck(accepted)).toEqual({ accepted, errors: [] });
      }),
    );
  });
});
