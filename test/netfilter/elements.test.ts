import { describe, expect, it } from 'vitest';
import { ElementCollector, elementText } from '../../src/netfilter/elements.ts';
import { SETS, SET_NAMES, type SetName } from '../../src/netfilter/sets.ts';
import { held, key, owners } from './fixture.ts';

const BR0 = key('Bridge/br0');
const BR1 = key('Bridge/br1');

/** One value of each type, as nft takes it. */
const ATOMS = {
  ifname: 'lx-vm1',
  classid: '1f:2',
  ipv4_addr: '10.10.20.10',
  ipv6_addr: 'fd00:20::10',
  ether_addr: '02:00:00:00:00:01',
  inet_proto: '6',
  inet_service: '8080',
  nd_target: '0xfd000020000000000000000000000010',
  byte_rate: '12500000',
  dhcp_hardware: '0x20000000099',
};

describe('ElementCollector', () => {
  it('has a table for every set before anything is added', () => {
    expect([...new ElementCollector().table().keys()]).toEqual(SET_NAMES);
  });

  it('writes keys and values as nft does', () => {
    const collector = new ElementCollector();
    collector.add(BR0, 'dnat_interface4', ['eth0', '6', '80'], ['10.10.20.10', '8080']);
    expect(held(collector, 'dnat_interface4')).toEqual(['"eth0" . 6 . 80 : 10.10.20.10 . 8080']);
  });

  it('writes a rate as the limit that nft lists', () => {
    const collector = new ElementCollector();
    const element = collector.add(BR0, 'bandwidth_egress', ['lx-vm1'], ['12500000']);
    expect(element.value).toBe('limit rate over 12500000 bytes/second burst 65536 bytes');
    expect(elementText(element)).toBe(`"lx-vm1" ${element.value}`);
    for (const rate of ['0', '1.5', '-1', '1e9', '1 kbytes'])
      expect(() => collector.add(BR0, 'bandwidth_ingress', ['lx-vm1'], [rate])).toThrow(RangeError);
  });

  it('keeps the first of two elements with one key, and says which that is', () => {
    const collector = new ElementCollector();
    const first = collector.add(BR0, 'ingress4', ['10.10.20.10'], ['1:1']);
    expect(collector.add(BR1, 'ingress4', ['10.10.20.10'], ['2:2'])).toBe(first);
    expect(held(collector, 'ingress4')).toEqual(['10.10.20.10 : 1:1']);
    expect(owners(collector, 'ingress4')).toEqual([BR0]);
  });

  it.each(SET_NAMES)('takes a key and value of the types of %s', (set) => {
    const atoms = (types: readonly (keyof typeof ATOMS)[] = []) => types.map((type) => ATOMS[type]);
    const { key: keyTypes, value } = SETS[set];
    const element = new ElementCollector().add(BR0, set, atoms(keyTypes), atoms(value));
    expect(element.key.split(' . ')).toHaveLength(keyTypes.length);
  });

  it.each<[SetName, string[]]>([
    ['networks4', ['10.0.0.0/8']],
    ['networks6', ['::/0']],
    ['network_port4', ['1:0', '10.0.0.0/8', '6', '80-90']],
    ['everything', ['ffff:0']],
    ['bridges', ['br0.100']],
    ['guarded6', ['_x-y.z']],
  ])('takes %s %j', (set, atoms) => {
    expect(() => new ElementCollector().add(BR0, set, atoms)).not.toThrow();
  });

  it.each<[string, SetName, string[]]>([
    ['a quote in a name', 'bridges', ['br0"']],
    ['a brace in a name', 'bridges', ['br0}']],
    ['a line end after a name', 'bridges', ['br0\n']],
    ['an empty name', 'bridges', ['']],
    ['a name of 16 bytes', 'bridges', ['abcdefghijklmnop']],
    ['a wildcard', 'bridges', ['br*']],
    ['a range of addresses', 'networks4', ['10.0.0.1-10.0.0.9']],
    ['two addresses', 'networks4', ['10.0.0.1, 10.0.0.2']],
    ['an IPv6 address as IPv4', 'networks4', ['fd00::1']],
    ['an IPv4 address as IPv6', 'networks6', ['$x']],
    ['an upper-case MAC address', 'macs', ['br0', 'AA:00:00:00:00:01']],
    ['a name of a protocol', 'protocol', ['1:1', 'tcp']],
    ['a name of a service', 'port', ['1:1', '6', 'http']],
    ['a class without its second half', 'everything', ['12:']],
    ['too few parts', 'port', ['1:1', '6']],
    ['too many parts', 'everything', ['1:1', '6']],
  ])('refuses %s', (_, set, atoms) => {
    expect(() => new ElementCollector().add(BR0, set, atoms)).toThrow(RangeError);
  });

  it('refuses a value for a plain set, and its absence for a map', () => {
    expect(() => new ElementCollector().add(BR0, 'bridges', ['br0'], ['1:1'])).toThrow(RangeError);
    expect(() => new ElementCollector().add(BR0, 'ingress4', ['10.0.0.1'])).toThrow(RangeError);
  });
});
