import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { buildNetfilter } from '../../src/netfilter/build.ts';
import { elementDifference, isEmptyDifference, renderDifference } from '../../src/netfilter/difference.ts';
import { type ElementTable, elementText, keyText } from '../../src/netfilter/elements.ts';
import type { SetName } from '../../src/netfilter/sets.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

function manifests(...documents: readonly object[]): readonly Manifest[] {
  const { manifests: parsed, errors } = parseManifests(
    'f.yaml',
    documents.map((document) => JSON.stringify(document)).join('\n---\n'),
  );
  expect(errors).toEqual([]);
  return parsed;
}

function build(...documents: readonly object[]): ReturnType<typeof buildNetfilter> {
  return buildNetfilter(manifests(...documents), {
    addressesOf: (name) => (name === 'eth0' ? ['192.168.254.19', 'fd00:254::19'] : []),
    portOf: ({ resource }) => `lx-${resource.metadata.name}`,
    guarded: { 4: new Map(), 6: new Map() },
    strangers: new Map([['evil0', 'Bridge/br0' as Key]]),
  });
}

const keysOf = (elements: ElementTable, set: SetName): string[] => [...elements.get(set)!.keys()];
const valueOf = (elements: ElementTable, set: SetName, key: string): string | undefined =>
  elements.get(set)!.get(key)?.value;

describe('buildNetfilter', () => {
  it('gives links with the same policies the same number, and others another', () => {
    const { elements } = build(
      bridge('br0'),
      link('a', 'a', 10),
      link('b', 'b', 11),
      link('c', 'c', 12),
      policy('p', 'c', {}),
    );
    const [a, b, c] = ['10.10.20.10', '10.10.20.11', '10.10.20.12'].map((address) =>
      valueOf(elements, 'ingress4', address),
    );
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect(valueOf(elements, 'egress4', '10.10.20.12')).toBe(valueOf(elements, 'egress4', '10.10.20.10'));
    expect(keysOf(elements, 'everything')).toEqual([]);
  });

  it('opens the services of a bridge to its own links where it has them, and costs nothing where not', () => {
    const sets = ['resolvers4', 'resolvers6', 'resolver_addresses4', 'dhcp_servers', 'dhcp_ports'] as const;
    const closed = build(bridge('br0'), link('a', 'a', 10));
    for (const set of sets) expect(keysOf(closed.elements, set), set).toEqual([]);
    const open = build(
      bridge('br0', { dns: {}, dhcp: {} }),
      bridge('br1', { addresses: ['10.10.21.1/24'], dns: {} }),
      link('a', 'a', 10, { macAddress: '00:11:22:33:44:55' }),
      link('b', 'b', 11, { bridge: 'br1', addresses: ['10.10.21.11/24'] }),
      link('c', 'c', 12, { antiSpoofing: false }),
    );
    const keys = (set: SetName): string[] => keysOf(open.elements, set);
    expect(keys('resolvers4')).toEqual(['"br0" . 10.10.20.1', '"br1" . 10.10.21.1']);
    expect(keys('resolvers6')).toEqual(['"br0" . fd00:20::1']);
    expect(keys('resolver_addresses4')).toEqual(['10.10.20.1', '10.10.21.1']);
    expect(keys('dhcp_servers')).toEqual(['"br0" . 255.255.255.255', '"br0" . 10.10.20.1']);
    expect(keys('dhcp_ports')).toEqual(['"lx-a"']);
    expect(keys('dhcp_clients')).toEqual(['"lx-a" . 0x1122334455']);
  });

  it('opens a link that no policy selects only where its bridge says Allow', () => {
    const { elements } = build(
      bridge('br0', { defaultPolicy: 'Allow' }),
      link('a', 'a', 10),
      link('b', 'b', 11),
      policy('p', 'b', { policyTypes: ['Egress'] }),
    );
    expect(keysOf(elements, 'everything')).toEqual([valueOf(elements, 'ingress4', '10.10.20.10')]);
    expect(valueOf(elements, 'ingress4', '10.10.20.11')).toBe(valueOf(elements, 'ingress4', '10.10.20.10'));
    expect(valueOf(elements, 'egress4', '10.10.20.11')).not.toBe(valueOf(elements, 'egress4', '10.10.20.10'));
    expect(keysOf(elements, 'open_bridges')).toEqual(['"br0"']);
  });

  it('puts each sort of rule into the set where it is looked up', () => {
    const { elements } = build(
      bridge('br0'),
      link('a', 'a', 10),
      link('b', 'b', 11),
      policy('p', 'a', {
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: 'b' } } }],
            ports: [{ port: 80 }, { protocol: 'UDP' }],
          },
          { from: [{ podSelector: { matchLabels: { app: 'b' } } }] },
          { ports: [{ port: 443 }, { protocol: 'SCTP' }, { port: 1000, endPort: 2000 }] },
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.128.0.0/9'] } }], ports: [{ port: 25 }] },
          { from: [{ ipBlock: { cidr: 'fd99::/16' } }] },
        ],
      }),
    );
    const id = valueOf(elements, 'ingress4', '10.10.20.10')!;
    expect(keysOf(elements, 'peer_port4')).toEqual([`${id} . 10.10.20.11 . 6 . 80`]);
    expect(keysOf(elements, 'peer_protocol6')).toEqual([`${id} . fd00:20::11 . 17`]);
    expect(keysOf(elements, 'peer4')).toEqual([`${id} . 10.10.20.11`]);
    expect(keysOf(elements, 'port')).toEqual([`${id} . 6 . 443`]);
    expect(keysOf(elements, 'protocol')).toEqual([`${id} . 132`]);
    expect(keysOf(elements, 'network_port4')).toEqual(
      expect.arrayContaining([`${id} . 10.0.0.0/9 . 6 . 25`]),
    );
    expect(
      keysOf(elements, 'network_port4').filter((key) => key.includes('10.128') && key.endsWith(' . 25')),
    ).toEqual([]);
    expect(keysOf(elements, 'network6')).toEqual([`${id} . fd99::/16`]);
  });

  it('limits what a link asks to be limited, in each direction by itself', () => {
    const { elements } = build(
      bridge('br0'),
      link('a', 'a', 10, { bandwidth: { ingress: '100Mbit', egress: '512Kibit' } }),
      link('b', 'b', 11, { bandwidth: { egress: '9999bit' }, antiSpoofing: false }),
      link('c', 'c', 12),
    );
    const limits = (set: SetName): string[] => [...elements.get(set)!.values()].map(elementText);
    expect(limits('bandwidth_ingress')).toEqual([
      '"lx-a" limit rate over 12500000 bytes/second burst 65536 bytes',
    ]);
    expect(limits('bandwidth_egress')).toEqual([
      '"lx-a" limit rate over 65536 bytes/second burst 65536 bytes',
      '"lx-b" limit rate over 1249 bytes/second burst 65536 bytes',
    ]);
    expect(keysOf(elements, 'throttled_ingress')).toEqual(['"lx-a"']);
    expect(keysOf(elements, 'throttled_egress')).toEqual(['"lx-a"', '"lx-b"']);
  });

  it('makes forwards reachable from outside and from within, and lets only them pass', () => {
    const { elements } = build(
      bridge('br0'),
      link('a', 'a', 10),
      forward('f', 'a', [{ port: 80, endPort: 81, targetPort: 8080 }]),
    );
    expect([...elements.get('dnat_interface4')!.values()].map(({ key, value }) => [key, value])).toEqual([
      ['"eth0" . 6 . 80', '10.10.20.10 . 8080'],
      ['"eth0" . 6 . 81', '10.10.20.10 . 8081'],
    ]);
    expect(keysOf(elements, 'dnat_hairpin_address6')).toEqual([
      'fd00:254::19 . 6 . 80',
      'fd00:254::19 . 6 . 81',
    ]);
    expect(keysOf(elements, 'permit_reply4')).toEqual([
      '6 . 80 . 10.10.20.10 . 8080',
      '6 . 81 . 10.10.20.10 . 8081',
    ]);
  });

  it('leaves out a forward whose port an earlier one has, and says which that is', () => {
    const { conflicts, elements } = build(
      bridge('br0'),
      link('a', 'a', 10),
      link('b', 'b', 11),
      forward('z', 'a', [{ port: 80 }]),
      forward('y', 'b', [{ port: 79, endPort: 80 }]),
    );
    expect([...conflicts]).toEqual([['PortForward/default/z', 'PortForward/default/y']]);
    expect(valueOf(elements, 'dnat_interface4', '"eth0" . 6 . 80')).toBe('10.10.20.11 . 80');
  });

  it('a listed address is more specific than any address, and no overlap', () => {
    const { conflicts } = build(
      bridge('br0'),
      link('a', 'a', 10),
      forward('y', 'a', [{ port: 80 }]),
      forward('z', 'a', [{ port: 80 }], { addresses: ['192.168.254.19'] }),
    );
    expect(conflicts.size).toBe(0);
  });
});

describe('elementDifference', () => {
  const texts = (elements: ElementTable): Map<string, Map<string, string>> =>
    new Map(
      [...elements].map(([set, members]) => [
        set,
        new Map([...members].map(([key, { value }]) => [key, value])),
      ]),
    );

  it('is empty where the kernel has what is wanted, and small after a small edit', () => {
    const before = build(bridge('br0'), link('a', 'a', 10), link('b', 'b', 11)).elements;
    expect(isEmptyDifference(elementDifference(before, texts(before)))).toBe(true);
    const after = build(
      bridge('br0'),
      link('a', 'a', 10),
      link('b', 'b', 11),
      policy('p', 'a', { ingress: [{ ports: [{ port: 80 }] }] }),
    ).elements;
    const difference = elementDifference(after, texts(before));
    expect(difference.removals.map(({ set }) => set)).toEqual(['ingress4', 'ingress6']);
    expect(difference.additions.map(({ set }) => set)).toEqual(['ingress4', 'ingress6', 'port']);
    const text = renderDifference(difference);
    expect(text.indexOf('delete element')).toBeLessThan(text.indexOf('add element'));
    expect(
      text
        .split('\n')
        .filter(
          (line) => line !== '' && !/^(add|delete) element (inet|bridge) lxcnet \w+ \{ .* \}$/.test(line),
        ),
    ).toEqual([]);
  });
});

describe('keyText', () => {
  it.each([
    ['bridges', ['br0"; flush ruleset; "']],
    ['bridges', ['br0\n']],
    ['peer4', ['1:a', '10.0.0.1 } ; flush ruleset']],
    ['port', ['1:a', '6', '80, 81']],
    ['port', ['1:a', '6']],
  ] as const)('refuses what is not an element of %s: %j', (set, atoms) => {
    expect(() => keyText(set, atoms)).toThrow(RangeError);
  });
});

describe('the layout', () => {
  it('names no table but lxcnet, and flushes nothing', () => {
    const lines = layoutFor().replacement.split('\n');
    expect(
      lines.filter((line) => /\btable\b/.test(line) && !/table (inet|bridge) lxcnet( \{)?$/.test(line)),
    ).toEqual([]);
    expect(lines.some((line) => line.includes('flush'))).toBe(false);
  });
});
