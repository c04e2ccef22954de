import { describe } from 'vitest';
import { bridge, link, networkPolicy, portForward, route } from './examples.ts';
import { type MessageTable, checkMessages } from './message-table.ts';

const INTERFACE_RULE = "must consist of letters, digits, '_', '-' or '.', and not start with '-' or '.'";
const ADDRESS_RULE =
  "must be an address with its prefix length, for example '10.10.20.10/24' or 'fd00:20::10/64'";
const IP_RULE = "must be an IPv4 or IPv6 address, for example '10.10.20.1' or 'fd00:20::1'";
const NETWORK_RULE = "a network, for example '10.9.0.0/16' or 'fd00:9::/48'";
const RATE_RULE =
  "must be a rate in bits per second with its unit, for example '512Kbit', '100Mbit' or '2.5Gbit'";
const MAC_RULE = "must be six hexadecimal octets with colons, for example '02:00:00:00:00:01'";

const TABLE: MessageTable = [
  // Bridge
  [
    'a small MTU',
    bridge('{mtu: 10}'),
    '4:13: Bridge/br0: spec.mtu: Invalid value: 10: must be between 68 and 65535',
  ],
  [
    'an address without prefix length',
    bridge('{addresses: [10.0.0.1]}'),
    `4:20: Bridge/br0: spec.addresses[0]: Invalid value: "10.0.0.1": ${ADDRESS_RULE}`,
  ],
  [
    'several bad addresses',
    bridge('{addresses: [10.0.0.1/33, "fe80::1%eth0/64", 224.0.0.1/4]}'),
    `4:20: Bridge/br0: spec.addresses[0]: Invalid value: "10.0.0.1/33": ${ADDRESS_RULE}`,
    `4:33: Bridge/br0: spec.addresses[1]: Invalid value: "fe80::1%eth0/64": ${ADDRESS_RULE}`,
    '4:52: Bridge/br0: spec.addresses[2]: Invalid value: "224.0.0.1/4": must not be a multicast address',
  ],
  [
    'a long interface name',
    bridge('{interface: averylonginterfacename}'),
    '4:19: Bridge/br0: spec.interface: Too long: "averylonginterfacename": must be no more than 15 bytes',
  ],
  [
    'an empty interface name',
    bridge('{interface: ""}'),
    '4:19: Bridge/br0: spec.interface: Required value: must not be empty',
  ],
  [
    'the loopback interface',
    bridge('{interface: lo}'),
    '4:19: Bridge/br0: spec.interface: Invalid value: "lo": must not be a reserved name',
  ],
  [
    'an interface name with a command for the terminal',
    bridge('{ports: ["\\e[31m"]}'),
    `4:16: Bridge/br0: spec.ports[0]: Invalid value: "\\u001b[31m": ${INTERFACE_RULE}`,
  ],
  [
    'an unknown word',
    bridge('{defaultPolicy: deny}'),
    '4:23: Bridge/br0: spec.defaultPolicy: Unsupported value: "deny": supported values: "Deny", "Allow"',
  ],
  [
    'an empty list',
    bridge('{masquerade: {interfaces: []}}'),
    '4:33: Bridge/br0: spec.masquerade.interfaces: Required value: must have at least 1 entry',
  ],
  [
    'a list that is too long',
    bridge(`{ports: [${Array.from({ length: 65 }, (_, index) => `p${index}`).join(', ')}]}`),
    '4:15: Bridge/br0: spec.ports: Too many: 65: must have at most 64 entries',
  ],
  [
    'a bad address where a list may be, too',
    bridge('{masquerade: {source: here}}'),
    `4:29: Bridge/br0: spec.masquerade.source: Invalid value: "here": ${IP_RULE}`,
  ],
  [
    'a bad address in that list',
    bridge('{masquerade: {source: [here]}}'),
    `4:30: Bridge/br0: spec.masquerade.source[0]: Invalid value: "here": ${IP_RULE}`,
  ],
  [
    'neither address nor list',
    bridge('{masquerade: {source: 5}}'),
    '4:29: Bridge/br0: spec.masquerade.source: Invalid value: 5: must be a string or a list',
  ],
  [
    'a resolver that nobody can ask',
    bridge('{dns: {}}'),
    '4:13: Bridge/br0: spec.dns: Forbidden: may only be set where `addresses` has an address, at which it is asked',
  ],
  [
    'DHCP without an IPv4 address',
    bridge('{addresses: ["fd00::1/64"], dhcp: {}}'),
    '4:41: Bridge/br0: spec.dhcp: Forbidden: may only be set where `addresses` has an IPv4 address',
  ],
  [
    'a resolver that asks itself',
    bridge('{addresses: [10.0.0.1/8], dns: {upstream: [10.0.0.2, 10.0.0.1]}}'),
    '4:60: Bridge/br0: spec.dns.upstream[1]: Invalid value: "10.0.0.1": must not be an address of this bridge: it would ask itself',
  ],
  [
    'an upstream with a line of its own',
    bridge('{addresses: [10.0.0.1/8], dns: {upstream: ["10.0.0.2\\nno-hosts"]}}'),
    `4:50: Bridge/br0: spec.dns.upstream[0]: Invalid value: "10.0.0.2\\nno-hosts": ${IP_RULE}`,
  ],
  [
    'an upstream of one address',
    bridge('{addresses: [10.0.0.1/8], dns: {upstream: 10.0.0.2}}'),
    '4:49: Bridge/br0: spec.dns.upstream: Unsupported value: "10.0.0.2": supported values: "None", "Host", or a list',
  ],
  [
    'dns as a word',
    bridge('{addresses: [10.0.0.1/8], dns: true, dhcp: {range: 5}}'),
    '4:38: Bridge/br0: spec.dns: Invalid value: true: must be a mapping; its fields: upstream',
    '4:51: Bridge/br0: spec.dhcp.range: Unknown field',
  ],
  [
    'dhcp as a word',
    bridge('{addresses: [10.0.0.1/8], dhcp: true}'),
    '4:39: Bridge/br0: spec.dhcp: Invalid value: true: must be a mapping; it has no fields, so write {}',
  ],
  // Link
  [
    'no container',
    'apiVersion: lxcnet.dev/v1alpha1\nkind: Link\nmetadata: {name: vm1, namespace: lab}\nspec: {bridge: br0}\n',
    '4:1: Link/lab/vm1: spec.container: Required value: must be a mapping; its fields: lxc, lxcPath, netns, pid, machine',
  ],
  [
    'two containers',
    link('').replace('lxc: vm1', 'lxc: vm1, netns: vm1'),
    '4:32: Link/vm1: spec.container: Invalid value: must have exactly one of `lxc`, `netns`, `pid` and `machine`',
  ],
  [
    'a path that belongs to nothing',
    link('').replace('lxc: vm1', 'netns: vm1, lxcPath: /srv'),
    '4:54: Link/vm1: spec.container.lxcPath: Forbidden: may only be set beside `lxc`',
  ],
  [
    'a gateway that is no list',
    link('gateway: 10.0.0.1'),
    '4:53: Link/vm1: spec.gateway: Unsupported value: "10.0.0.1": supported values: "Auto", "None", or a list',
  ],
  [
    'a gateway of another type',
    link('gateway: 5'),
    "4:53: Link/vm1: spec.gateway: Invalid value: 5: must be 'Auto', 'None' or a list",
  ],
  [
    'host bits in a destination',
    link('routes: [{to: 10.9.0.1/16}]'),
    `4:58: Link/vm1: spec.routes[0].to: Invalid value: "10.9.0.1/16": must not have host bits set: the network is '10.9.0.0/16'`,
  ],
  [
    'a route to nowhere',
    link('routes: [{via: 10.0.0.1}]'),
    "4:53: Link/vm1: spec.routes[0].to: Required value: must be 'default' or a string",
  ],
  [
    'a bad MAC address',
    link('macAddress: x'),
    `4:56: Link/vm1: spec.macAddress: Invalid value: "x": ${MAC_RULE}`,
  ],
  [
    'a multicast MAC address',
    link('macAddress: "01:00:00:00:00:01"'),
    '4:56: Link/vm1: spec.macAddress: Invalid value: "01:00:00:00:00:01": must be a unicast address (the first octet must be even)',
  ],
  [
    'a rate without unit',
    link('bandwidth: {ingress: 10mb}'),
    `4:65: Link/vm1: spec.bandwidth.ingress: Invalid value: "10mb": ${RATE_RULE}`,
  ],
  [
    'rates that are none, too small and too large',
    link('bandwidth: {ingress: 100, egress: 8bit}'),
    `4:65: Link/vm1: spec.bandwidth.ingress: Invalid value: 100: ${RATE_RULE}`,
    '4:78: Link/vm1: spec.bandwidth.egress: Invalid value: "8bit": must be between 8Kbit and 100Gbit',
  ],
  [
    'a limit in a direction that there is not',
    link('bandwidth: {ingres: 10Mbit}'),
    '4:56: Link/vm1: spec.bandwidth.ingres: Unknown field: did you mean "ingress"?',
  ],
  [
    'everything wrong with a port',
    link('ports: [{name: HTTP, port: 0, protocol: tcp}]'),
    `4:59: Link/vm1: spec.ports[0].name: Invalid value: "HTTP": must consist of lower case letters, digits or single '-', with at least one letter`,
    '4:71: Link/vm1: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535',
    '4:84: Link/vm1: spec.ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
  ],
  // Route
  [
    'no next hop',
    route('{to: 10.0.0.0/8}'),
    '4:1: Route/lab: spec.via: Required value: must be set: one of `via`, `interface` and `nextHops`',
  ],
  [
    'a next hop of nothing',
    route('{to: 10.0.0.0/8, type: Blackhole, via: 10.0.0.1}'),
    "4:46: Route/lab: spec.via: Forbidden: may not be set where `type` is 'Blackhole'",
  ],
  [
    'two ways to say the next hop',
    route('{to: 10.0.0.0/8, via: 10.0.0.1, nextHops: [{via: 10.0.0.1}]}'),
    '4:49: Route/lab: spec.nextHops: Forbidden: may not be set beside `via` or `interface`',
  ],
  [
    'an empty next hop',
    route('{to: 10.0.0.0/8, nextHops: [{weight: 300}]}'),
    '4:35: Route/lab: spec.nextHops[0]: Invalid value: must have `via` or `interface`',
    '4:44: Route/lab: spec.nextHops[0].weight: Invalid value: 300: must be between 1 and 256',
  ],
  [
    'a destination in the wrong case',
    route('{to: Default, via: 10.0.0.1}'),
    `4:12: Route/lab: spec.to: Invalid value: "Default": must be 'default', or ${NETWORK_RULE}`,
  ],
  [
    'a negative metric and no table',
    route('{to: default, via: 10.0.0.1, metric: -1, table: 0}'),
    '4:44: Route/lab: spec.metric: Invalid value: -1: must be greater than or equal to 0',
    '4:55: Route/lab: spec.table: Invalid value: 0: must be greater than or equal to 1',
  ],
  // PortForward
  [
    'no ports',
    portForward('{ports: [], link: {name: vm1}}'),
    '4:15: PortForward/web: spec.ports: Required value: must have at least 1 entry',
  ],
  [
    'a range that runs backwards',
    portForward('{ports: [{port: 80, endPort: 70}], link: {name: vm1}}'),
    '4:36: PortForward/web: spec.ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`',
  ],
  [
    'a range that does not fit',
    portForward('{ports: [{port: 80, endPort: 90, targetPort: 65530}], link: {name: vm1}}'),
    '4:52: PortForward/web: spec.ports[0].targetPort: Invalid value: 65530: must leave room for the whole range below 65536',
  ],
  [
    'a text as link',
    portForward('{ports: [{port: 80}], link: vm1}'),
    '4:35: PortForward/web: spec.link: Invalid value: "vm1": must be a mapping; its fields: name, namespace',
  ],
  [
    'a bad source',
    portForward('{ports: [{port: 80}], link: {name: vm1}, sources: [lan]}'),
    `4:58: PortForward/web: spec.sources[0]: Invalid value: "lan": must be ${NETWORK_RULE}`,
  ],
  // NetworkPolicy
  [
    'an empty peer',
    networkPolicy('{ingress: [{from: [{}]}]}'),
    '4:26: NetworkPolicy/p: spec.ingress[0].from[0]: Invalid value: must have `podSelector`, `namespaceSelector` or `ipBlock`',
  ],
  [
    'an exception from something else',
    networkPolicy('{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]}'),
    `4:64: NetworkPolicy/p: spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of '10.0.0.0/8'`,
  ],
  [
    'a port beyond the last',
    networkPolicy('{ingress: [{ports: [{port: 70000}]}]}'),
    '4:34: NetworkPolicy/p: spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535',
  ],
  [
    'a port of another type',
    networkPolicy('{ingress: [{ports: [{port: true}]}]}'),
    '4:34: NetworkPolicy/p: spec.ingress[0].ports[0].port: Invalid value: true: must be a number or a string',
  ],
  [
    'an operator without values',
    networkPolicy('{podSelector: {matchExpressions: [{key: a, operator: In}]}}'),
    "4:41: NetworkPolicy/p: spec.podSelector.matchExpressions[0].values: Required value: must be set where `operator` is 'In'",
  ],
  [
    'a field of the other direction',
    networkPolicy('{ingress: [{to: []}]}'),
    '4:19: NetworkPolicy/p: spec.ingress[0].to: Unknown field',
  ],
];

describe('the messages about the fields of each kind', () => checkMessages(TABLE));
