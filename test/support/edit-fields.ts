export type Value = string | number | boolean | object | undefined;
type Fields = Readonly<Record<string, readonly Value[]>>;

/** What each field may be; `undefined` leaves it out. A `#` becomes the resource's number. */
export const FIELDS: Readonly<Record<'bridge' | 'link' | 'route' | 'forward' | 'policy', Fields>> = {
  bridge: {
    interface: [undefined, 'lan#'],
    network: [0, 1, 2],
    macAddress: [undefined, '02:00:00:00:aa:0#'],
    mtu: [undefined, 1400, 1280],
    defaultPolicy: [undefined, 'Allow', 'Deny'],
    siblings: [undefined, 'Routed', 'Switched'],
    masquerade: [undefined, {}, { interfaces: ['eth0'] }, { source: ['192.168.254.19'] }],
    ports: [undefined, ['port#']],
    dns: [undefined, undefined, {}, { upstream: ['192.0.2.53'] }],
    dhcp: [undefined, undefined, {}],
  },
  link: {
    bridge: [0, 1],
    container: [0, 1, 2],
    interface: ['eth#', 'net#'],
    hostInterface: [undefined, 'h#'],
    macAddress: [undefined, '02:00:00:00:bb:0#'],
    families: [[4, 6], [4], [6]],
    gateway: [undefined, 'None', 'Auto'],
    routes: [[], ['8'], ['9'], ['8', '9']],
    mtu: [undefined, 1300, 1350],
    antiSpoofing: [undefined, false, true],
    bandwidth: [undefined, { ingress: '10Mbit' }, { egress: '20Mbit', ingress: '5Mbit' }],
    app: ['web', 'mail', 'db'],
    ports: [undefined, [{ name: 'http', port: 80 }], [{ name: 'http', port: 8080 }]],
  },
  route: {
    isThere: [true, true, false],
    family: [4, 6],
    to: [0, 1],
    type: ['Unicast', 'Blackhole', 'Unreachable', 'Prohibit'],
    via: [2, 3],
    isSplit: [false, true],
    metric: [undefined, 50, 100],
    table: [undefined, 100],
    mtu: [undefined, 1400],
  },
  forward: {
    isThere: [true, true, false],
    link: [0, 1, 2],
    protocol: ['TCP', 'UDP', 'SCTP'],
    port: [80, 8080],
    length: [0, 5],
    targetPort: [undefined, 81],
    interfaces: [undefined, ['eth0']],
    addresses: [undefined, ['192.168.254.19'], ['fd00:254::19']],
    sources: [undefined, ['192.168.254.0/24'], ['0.0.0.0/0', '::/0']],
    hairpin: [undefined, false],
  },
  policy: {
    isThere: [true, true, false],
    selector: [{}, { app: 'web' }, { app: 'mail' }],
    policyTypes: [undefined, ['Ingress'], ['Egress'], ['Ingress', 'Egress']],
    ingress: [undefined, 0, 1, 2, 3],
    egress: [undefined, 0, 1, 2, 3],
  },
};
/** How many there are of each. */
export const COUNTS = { bridge: 2, link: 3, route: 2, forward: 2, policy: 2 } as const;
export type Kind = keyof typeof COUNTS;

/** What a policy's `ingress` or `egress` may be, by number. */
export const rules = (side: 'from' | 'to'): readonly (readonly object[])[] => [
  [{}],
  [
    {
      [side]: [{ podSelector: { matchLabels: { app: 'db' } } }],
      ports: [{ port: 'http' }, { protocol: 'UDP', port: 53 }],
    },
  ],
  [
    {
      [side]: [
        { ipBlock: { cidr: '10.10.0.0/16', except: ['10.10.20.0/28'] } },
        { ipBlock: { cidr: 'fd00::/16' } },
      ],
    },
  ],
  [{ ports: [{ port: 1000, endPort: 2000 }] }, { [side]: [{ namespaceSelector: {} }] }],
];
