import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/api/link.ts';
import type { PortForward } from '../../src/api/port-forward.ts';
import { ElementCollector } from '../../src/netfilter/elements.ts';
import { addForwardElements } from '../../src/netfilter/forwards.ts';
import type { Listening, SetName } from '../../src/netfilter/sets.ts';
import { forward, link } from '../support/manifests.ts';
import { held, manifest, owners } from './fixture.ts';

type Documents = readonly { readonly kind: string }[];

const LINKS = new Map(
  [link('vm1', 'vm1', 10), link('vm2', 'vm2', 20)].map((one) => [
    one.metadata.name,
    manifest<Link>(one).resource,
  ]),
);
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  eth0: ['192.168.254.19', '2001:db8::19'],
  eth1: ['192.168.255.19'],
};

function compile(...forwards: Documents) {
  const collector = new ElementCollector();
  const losers = addForwardElements(
    {
      forwards: forwards.map((one) => manifest<PortForward>(one)),
      linkOf: ({ spec }) => LINKS.get(spec.link.name),
      addressesOf: (name) => ADDRESSES[name] ?? [],
    },
    collector,
  );
  return { losers, collector, of: (set: SetName) => held(collector, set) };
}

/** A forward on every interface and address. */
const anywhere = (name: string, target: string, ports: object[], spec: object = {}) =>
  forward(name, target, ports as [], { interfaces: undefined, ...spec });

describe('where clients come in', () => {
  it('is any interface and address by default, in both families', () => {
    const { of } = compile(anywhere('f', 'vm1', [{ port: 80 }]));
    expect(of('dnat_any4')).toEqual(['6 . 80 : 10.10.20.10 . 80']);
    expect(of('dnat_any6')).toEqual(['6 . 80 : fd00:20::10 . 80']);
    expect(of('dnat_interface4')).toEqual([]);
  });

  it('are the interfaces that are listed', () => {
    const { of } = compile(
      forward('f', 'vm1', [{ port: 80, targetPort: 8080 }], { interfaces: ['eth0', 'eth1'] }),
    );
    expect(of('dnat_interface4')).toEqual([
      '"eth0" . 6 . 80 : 10.10.20.10 . 8080',
      '"eth1" . 6 . 80 : 10.10.20.10 . 8080',
    ]);
    expect(of('dnat_any4')).toEqual([]);
  });

  it('are the addresses that are listed, and nothing of the other family', () => {
    const { of } = compile(anywhere('f', 'vm1', [{ port: 80 }], { addresses: ['192.168.254.19'] }));
    expect(of('dnat_address4')).toEqual(['192.168.254.19 . 6 . 80 : 10.10.20.10 . 80']);
    for (const set of ['dnat_address6', 'dnat_any4', 'dnat_any6', 'dnat_hairpin_any6'] as const)
      expect(of(set)).toEqual([]);
  });

  it('are the listed addresses on the listed interfaces only, where both are', () => {
    const { of } = compile(forward('f', 'vm1', [{ port: 80 }], { addresses: ['192.168.254.19'] }));
    expect(of('dnat_interface_address4')).toEqual(['"eth0" . 192.168.254.19 . 6 . 80 : 10.10.20.10 . 80']);
    expect(of('dnat_address4')).toEqual([]);
  });
});

describe('ports', () => {
  it('of a range keep their offset', () => {
    const { of } = compile(
      anywhere('f', 'vm1', [{ protocol: 'UDP', port: 8000, endPort: 8002, targetPort: 9000 }]),
    );
    expect(of('dnat_any4')).toEqual([
      '17 . 8000 : 10.10.20.10 . 9000',
      '17 . 8001 : 10.10.20.10 . 9001',
      '17 . 8002 : 10.10.20.10 . 9002',
    ]);
  });

  it('lead to the first address of each family', () => {
    const addresses = ['10.10.20.11/24', '10.10.20.12/24'];
    const collector = new ElementCollector();
    const target = manifest<Link>(link('vm1', 'vm1', 10, { addresses })).resource;
    addForwardElements(
      {
        forwards: [manifest<PortForward>(anywhere('f', 'vm1', [{ port: 80 }]))],
        linkOf: () => target,
        addressesOf: () => [],
      },
      collector,
    );
    expect(held(collector, 'dnat_any4')).toEqual(['6 . 80 : 10.10.20.11 . 80']);
    expect(held(collector, 'dnat_any6')).toEqual([]);
  });

  it('lead nowhere where the Link is missing', () => {
    const { of, losers } = compile(anywhere('f', 'vm9', [{ port: 80 }]));
    expect(of('dnat_any4')).toEqual([]);
    expect(losers.size).toBe(0);
  });
});

describe('hairpins', () => {
  /** Of addresses that others can see, too. */
  const outside = (texts: readonly string[]) => texts.filter((text) => !text.startsWith('127.'));

  it('are any address where neither interfaces nor addresses are listed', () => {
    expect(compile(anywhere('f', 'vm1', [{ port: 80 }])).of('dnat_hairpin_any4')).toEqual([
      '6 . 80 : 10.10.20.10 . 80',
    ]);
  });

  it('are the addresses that the listed interfaces have now', () => {
    const { of } = compile(forward('f', 'vm1', [{ port: 80 }], { interfaces: ['eth0', 'eth1', 'eth2'] }));
    expect(outside(of('dnat_hairpin_address4'))).toEqual([
      '192.168.254.19 . 6 . 80 : 10.10.20.10 . 80',
      '192.168.255.19 . 6 . 80 : 10.10.20.10 . 80',
    ]);
    expect(of('dnat_hairpin_address6')).toEqual(['2001:db8::19 . 6 . 80 : fd00:20::10 . 80']);
    expect(of('dnat_hairpin_any4')).toEqual([]);
  });

  it('are none where the manifest wants none', () => {
    const { of } = compile(forward('f', 'vm1', [{ port: 80 }], { hairpin: false }));
    for (const set of ['dnat_hairpin_address4', 'dnat_hairpin_any4'] as const) expect(of(set)).toEqual([]);
    expect(of('dnat_interface4')).toHaveLength(1);
  });

  it('of a listed address come before those of an address that an interface happens to have', () => {
    const { of } = compile(
      forward('a', 'vm1', [{ port: 80 }]),
      anywhere('b', 'vm2', [{ port: 80 }], { addresses: ['192.168.254.19'] }),
    );
    expect(outside(of('dnat_hairpin_address4'))).toEqual(['192.168.254.19 . 6 . 80 : 10.10.20.20 . 80']);
  });
});

describe('what the filter lets pass', () => {
  /** What a set holds, with a letter for each number in the order in which they come. */
  const lettered = (texts: readonly string[], letters = new Map<string, string>()) =>
    texts.map((text) =>
      text.replaceAll(/[0-9a-f]+:[0-9a-f]+(?= \.|$)/g, (number) => {
        if (!letters.has(number)) letters.set(number, 'ABC'[letters.size]!);
        return letters.get(number)!;
      }),
    );

  it('is the target, for everyone by default', () => {
    const { of, collector } = compile(anywhere('f', 'vm1', [{ port: 80, targetPort: 8080 }]));
    const letters = new Map<string, string>();
    expect(lettered(of('permit_any4'), letters)).toEqual(['6 . 80 : A']);
    expect(lettered(of('permit_reply4'), letters)).toEqual(['6 . 80 . 10.10.20.10 . 8080 : A']);
    expect(lettered(of('forwarded4'), letters)).toEqual(['A . 10.10.20.10 . 8080']);
    expect(owners(collector, 'forwarded4')).toEqual(['PortForward/default/f']);
  });

  it('is the target for the sources only', () => {
    const { of } = compile(anywhere('f', 'vm1', [{ port: 80 }], { sources: ['10.0.0.0/8', '10.1.0.0/16'] }));
    expect(of('forwarded4')).toEqual([]);
    expect(of('forwarded6')).toEqual([]);
    expect(lettered(of('forwarded_from4'))).toEqual(['A . 10.10.20.10 . 80 . 10.0.0.0/8']);
    expect(of('forwarded_from6')).toEqual([]);
  });

  it('has for each destination NAT a permission of the same key', () => {
    const { of } = compile(
      anywhere('a', 'vm1', [{ port: 80 }], { sources: ['10.0.0.0/8'] }),
      anywhere('b', 'vm2', [{ port: 80, endPort: 82 }], { addresses: ['192.168.254.19'] }),
      forward('c', 'vm1', [{ port: 80 }], { interfaces: ['eth0', 'eth1'], hairpin: false }),
      forward('d', 'vm1', [{ port: 90 }], { addresses: ['192.168.254.19', '2001:db8::19'] }),
    );
    const places = ['interface_address', 'address', 'interface', 'any', 'hairpin_address', 'hairpin_any'];
    for (const place of places as Listening[]) {
      for (const family of [4, 6] as const) {
        const keys = (set: SetName) => of(set).map((text) => text.split(' : ')[0]);
        expect(keys(`permit_${place}${family}`)).toEqual(keys(`dnat_${place}${family}`));
      }
    }
    expect(of('dnat_hairpin_address4').length).toBeGreaterThan(3);
  });

  it('is of two forwards with one target what each allows, and for replies what they allow together', () => {
    const { of, losers } = compile(
      forward('a', 'vm1', [{ port: 80 }], { sources: ['10.0.0.0/8'] }),
      forward('b', 'vm1', [{ port: 80 }], { interfaces: ['eth1'], sources: ['11.0.0.0/8'] }),
    );
    const letters = new Map<string, string>();
    expect(losers.size).toBe(0);
    expect(lettered(of('permit_interface4'), letters)).toEqual([
      '"eth0" . 6 . 80 : A',
      '"eth1" . 6 . 80 : B',
    ]);
    expect(lettered(of('permit_reply4'), letters)).toEqual(['6 . 80 . 10.10.20.10 . 80 : C']);
    expect(lettered(of('forwarded_from4'), letters)).toEqual([
      'A . 10.10.20.10 . 80 . 10.0.0.0/8',
      'B . 10.10.20.10 . 80 . 11.0.0.0/8',
      'C . 10.10.20.10 . 80 . 10.0.0.0/8',
      'C . 10.10.20.10 . 80 . 11.0.0.0/8',
    ]);
  });

  it('is everyone where one of the sources is everyone', () => {
    const { of } = compile(anywhere('f', 'vm1', [{ port: 80 }], { sources: ['10.0.0.0/8', '0.0.0.0/0'] }));
    expect(of('forwarded4')).toHaveLength(1);
    expect(of('forwarded_from4')).toEqual([]);
    expect(of('forwarded6')).toEqual([]);
  });
});

describe('two forwards of one port', () => {
  const a = forward('a', 'vm1', [{ port: 80 }]);

  it('are won by the first, and all of the other is left out', () => {
    const { of, losers } = compile(a, forward('b', 'vm2', [{ port: 443 }, { port: 80 }]));
    expect([...losers]).toEqual([['PortForward/default/b', 'PortForward/default/a']]);
    expect(of('dnat_interface4')).toEqual(['"eth0" . 6 . 80 : 10.10.20.10 . 80']);
    expect(of('permit_reply4')).toHaveLength(1);
  });

  it('do not take a port from a third through one that lost', () => {
    const { losers } = compile(
      a,
      forward('b', 'vm2', [{ port: 80 }, { port: 443 }]),
      forward('c', 'vm2', [{ port: 443 }]),
    );
    expect([...losers.keys()]).toEqual(['PortForward/default/b']);
  });

  it.each([
    ['another protocol', forward('b', 'vm2', [{ port: 80, protocol: 'UDP' }])],
    ['another interface', forward('b', 'vm2', [{ port: 80 }], { interfaces: ['eth1'] })],
    ['a listed address', forward('b', 'vm2', [{ port: 80 }], { addresses: ['192.168.254.19'] })],
  ])('do not meet with %s', (_, other) => {
    expect(compile(a, other).losers.size).toBe(0);
  });

  it('meet inside a range', () => {
    const { losers } = compile(a, forward('b', 'vm2', [{ port: 79, endPort: 81 }]));
    expect([...losers.keys()]).toEqual(['PortForward/default/b']);
  });
});
