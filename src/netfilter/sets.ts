/*
 * The sets and maps of lxcnet's tables. The chains refer to them and never change; everything that a manifest says
 * becomes an element of one of these, so a change costs the same with ten links as with ten thousand.
 */

/**
 * The type of one part of an element's key, in nft's words; `nd_target` is the target of a neighbour advertisement,
 * `dhcp_hardware` whom a DHCP message says that it is for (nft 1.0.6 has no names for these), and `byte_rate` what may
 * pass in a second.
 */
export type Atom =
  | 'ifname'
  | 'classid'
  | 'ipv4_addr'
  | 'ipv6_addr'
  | 'ether_addr'
  | 'inet_proto'
  | 'inet_service'
  | 'nd_target'
  | 'dhcp_hardware'
  | 'byte_rate';

/** A set, or a map where it has a value; with a `byte_rate` a set whose elements match only what goes over it. */
export interface SetDefinition {
  readonly table: Table;
  readonly key: readonly Atom[];
  readonly value?: readonly Atom[];
  /** Keys may be prefixes and ranges. */
  readonly interval?: boolean;
  /** Each element counts packets. */
  readonly counter?: boolean;
  /** Each element matches this often, in nft's words. */
  readonly limit?: string;
}

export type Table = 'inet' | 'bridge';

/** What a forward listens on: what a packet is looked up by. The `hairpin` ones are for the host and its containers. */
export type Listening =
  'interface_address' | 'address' | 'interface' | 'any' | 'hairpin_address' | 'hairpin_any';

type Families<Name extends string> = `${Name}4` | `${Name}6`;
type FamilySet =
  | 'networks'
  | 'guarded'
  | 'egress'
  | 'ingress'
  | 'peer_port'
  | 'peer_protocol'
  | 'peer'
  | 'network_port'
  | 'network'
  | 'logged'
  | 'denied_egress'
  | 'denied_ingress'
  | `dnat_${Listening}`
  | `permit_${Listening}`
  | 'permit_reply'
  | 'forwarded'
  | 'forwarded_from'
  | 'self'
  | 'snat_interfaces'
  | 'snat_bridge'
  | 'resolvers'
  | 'resolver_addresses';

export type SetName =
  | Families<FamilySet>
  | 'bridges'
  | 'open_bridges'
  | 'port'
  | 'protocol'
  | 'everything'
  | 'masquerade_interfaces'
  | 'masquerade_bridge'
  | 'guarded_ports'
  | 'link_ports'
  | 'declared_ports'
  | 'strangers'
  | 'bridge_macs'
  | 'macs'
  | 'sources4'
  | 'sources6'
  | 'nd_targets'
  | 'dhcp_servers'
  | 'dhcp_ports'
  | 'dhcp_clients'
  | 'spoofed'
  | 'bandwidth_egress'
  | 'bandwidth_ingress'
  | 'throttled_egress'
  | 'throttled_ingress';

/**
 * What goes over a rate, in nft's words. A packet that is larger than the burst would never pass, and the kernel hands
 * over up to 64 KiB at once as one packet.
 */
export function overRate(bytesPerSecond: string): string {
  return `limit rate over ${bytesPerSecond} bytes/second burst 65536 bytes`;
}

function familySets(address: 'ipv4_addr' | 'ipv6_addr'): Record<FamilySet, SetDefinition> {
  const inet = (key: readonly Atom[], rest: Partial<SetDefinition> = {}): SetDefinition => ({
    table: 'inet',
    key,
    ...rest,
  });
  const service: readonly Atom[] = ['inet_proto', 'inet_service'];
  const target: readonly Atom[] = [address, 'inet_service'];
  const keys: Readonly<Record<Listening, readonly Atom[]>> = {
    interface_address: ['ifname', address, ...service],
    address: [address, ...service],
    interface: ['ifname', ...service],
    any: service,
    hairpin_address: [address, ...service],
    hairpin_any: service,
  };
  const listening = <P extends 'dnat' | 'permit'>(
    prefix: P,
    rest: Partial<SetDefinition>,
  ): Record<`${P}_${Listening}`, SetDefinition> =>
    Object.fromEntries(
      Object.entries(keys).map(([name, key]) => [`${prefix}_${name}`, inet(key, rest)]),
    ) as Record<`${P}_${Listening}`, SetDefinition>;
  return {
    networks: inet([address], { interval: true }),
    guarded: inet(['ifname']),
    egress: inet([address], { value: ['classid'] }),
    ingress: inet([address], { value: ['classid'] }),
    peer_port: inet(['classid', address, ...service], { counter: true }),
    peer_protocol: inet(['classid', address, 'inet_proto'], { counter: true }),
    peer: inet(['classid', address], { counter: true }),
    network_port: inet(['classid', address, ...service], { interval: true, counter: true }),
    network: inet(['classid', address], { interval: true, counter: true }),
    logged: inet([address], { limit: 'limit rate 5/second burst 10 packets' }),
    denied_egress: inet([address], { counter: true }),
    denied_ingress: inet([address], { counter: true }),
    ...listening('dnat', { value: target, counter: true }),
    ...listening('permit', { value: ['classid'] }),
    permit_reply: inet([...service, ...target], { value: ['classid'] }),
    forwarded: inet(['classid', ...target]),
    forwarded_from: inet(['classid', ...target, address], { interval: true }),
    self: inet([address, address]),
    snat_interfaces: inet(['ifname', 'ifname'], { value: [address] }),
    snat_bridge: inet(['ifname'], { value: [address] }),
    resolvers: inet(['ifname', address]),
    resolver_addresses: inet([address]),
  };
}

function suffixed<F extends '4' | '6'>(family: F): Record<`${FamilySet}${F}`, SetDefinition> {
  const sets = familySets(family === '4' ? 'ipv4_addr' : 'ipv6_addr');
  return Object.fromEntries(
    Object.entries(sets).map(([name, definition]) => [`${name}${family}`, definition]),
  ) as Record<`${FamilySet}${F}`, SetDefinition>;
}

export const SETS: Readonly<Record<SetName, SetDefinition>> = {
  ...suffixed('4'),
  ...suffixed('6'),
  bridges: { table: 'inet', key: ['ifname'] },
  open_bridges: { table: 'inet', key: ['ifname'] },
  port: { table: 'inet', key: ['classid', 'inet_proto', 'inet_service'], counter: true },
  protocol: { table: 'inet', key: ['classid', 'inet_proto'], counter: true },
  everything: { table: 'inet', key: ['classid'], counter: true },
  masquerade_interfaces: { table: 'inet', key: ['ifname', 'ifname'] },
  masquerade_bridge: { table: 'inet', key: ['ifname'] },
  guarded_ports: { table: 'bridge', key: ['ifname'] },
  link_ports: { table: 'bridge', key: ['ifname'] },
  declared_ports: { table: 'bridge', key: ['ifname'] },
  strangers: { table: 'bridge', key: ['ifname'] },
  bridge_macs: { table: 'bridge', key: ['ether_addr'] },
  macs: { table: 'bridge', key: ['ifname', 'ether_addr'] },
  sources4: { table: 'bridge', key: ['ifname', 'ipv4_addr'] },
  sources6: { table: 'bridge', key: ['ifname', 'ipv6_addr'] },
  nd_targets: { table: 'bridge', key: ['ifname', 'nd_target'] },
  dhcp_servers: { table: 'inet', key: ['ifname', 'ipv4_addr'] },
  dhcp_ports: { table: 'bridge', key: ['ifname'] },
  dhcp_clients: { table: 'bridge', key: ['ifname', 'dhcp_hardware'] },
  spoofed: { table: 'bridge', key: ['ifname'], counter: true },
  bandwidth_egress: { table: 'bridge', key: ['ifname'], value: ['byte_rate'] },
  bandwidth_ingress: { table: 'bridge', key: ['ifname'], value: ['byte_rate'] },
  throttled_egress: { table: 'bridge', key: ['ifname'], counter: true },
  throttled_ingress: { table: 'bridge', key: ['ifname'], counter: true },
};

/** Whether each element has a limit of its own as its value. */
export function isRateSet(name: SetName): boolean {
  return SETS[name].value?.[0] === 'byte_rate';
}

export const SET_NAMES = Object.keys(SETS) as readonly SetName[];

/** Where a neighbour advertisement has its target: after 8 bytes of ICMPv6 header, 16 bytes. */
export const ND_TARGET = '@th,64,128';
/** Where a DHCP message has its client's hardware address: after 8 bytes of UDP header, and 28 of its own. */
export const DHCP_HARDWARE = '@th,288,48';

/** The definition of a set in nft's language. */
export function renderSet(name: SetName): string {
  const { key, value: mapped, interval, counter } = SETS[name];
  const value = isRateSet(name) ? undefined : mapped;
  // An element that says nothing of its rate would get this one: as good as nothing passes.
  const limit = isRateSet(name) ? overRate('1') : SETS[name].limit;
  const raw = key.includes('nd_target')
    ? ND_TARGET
    : key.includes('dhcp_hardware')
      ? DHCP_HARDWARE
      : undefined;
  const type = raw
    ? `typeof iifname . ${raw}`
    : `type ${key.join(' . ')}${value ? ` : ${value.join(' . ')}` : ''}`;
  return [
    `  ${value ? 'map' : 'set'} ${name} {`,
    `    ${type}`,
    ...(interval ? ['    flags interval'] : []),
    ...(counter ? ['    counter'] : []),
    ...(limit === undefined ? [] : [`    ${limit}`]),
    '  }',
  ].join('\n');
}
