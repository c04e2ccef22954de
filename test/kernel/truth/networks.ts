import { type Case, allBut, everyoneBut } from './case.ts';

const WEB = { matchLabels: { app: 'web' } };
const DB = { matchLabels: { app: 'db' } };
const LAN = { ipBlock: { cidr: '192.168.254.0/24' } };
const LAN6 = { ipBlock: { cidr: 'fd00:254::/64' } };
const block = (cidr: string, ...except: string[]): object => ({ ipBlock: { cidr, except } });

export const NETWORK_CASES: readonly Case[] = [
  {
    title: 'from the LAN, in one family',
    policies: [{ podSelector: WEB, ingress: [{ from: [LAN] }] }],
    expected: { 'to web * v4': 'client', 'to web * v6': '' },
  },
  {
    title: 'from the LAN, in both families',
    policies: [{ podSelector: WEB, ingress: [{ from: [LAN, LAN6] }] }],
    expected: { 'to web *': 'client' },
  },
  {
    title: 'from every IPv4 address, Links included',
    policies: [{ podSelector: WEB, ingress: [{ from: [block('0.0.0.0/0')] }] }],
    expected: { 'to web * v4': everyoneBut('web'), 'to web * v6': '' },
  },
  {
    title: 'from every IPv6 address, Links included',
    policies: [{ podSelector: WEB, ingress: [{ from: [block('::/0')] }] }],
    expected: { 'to web * v4': '', 'to web * v6': everyoneBut('web') },
  },
  {
    title: 'from a network with exceptions',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          {
            from: [
              block('10.0.0.0/8', '10.10.20.0/24', '10.10.21.12/32'),
              block('fd00:20::/31', 'fd00:21::/64'),
            ],
          },
        ],
      },
    ],
    expected: { 'to web * v4': 'ops dev', 'to web * v6': 'db api' },
  },
  {
    title: 'an exception of one rule does not take away what another rule allows',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          { from: [block('10.0.0.0/8', '10.10.20.0/24')] },
          { from: [block('10.10.20.11/32')], ports: [{ port: 80 }, { port: 81, protocol: 'UDP' }] },
        ],
      },
    ],
    expected: {
      'to web TCP/80,UDP/81 v4': 'db ops dev mon',
      'to web TCP/81,SCTP/80 v4': 'ops dev mon',
      'to web * v6': '',
    },
  },
  {
    title: 'an exception of one policy does not bind another',
    policies: [
      { podSelector: WEB, ingress: [{ from: [block('0.0.0.0/0', '192.168.254.0/24')] }] },
      { podSelector: {}, ingress: [{ from: [block('192.168.0.0/16')], ports: [{ port: 81 }] }] },
    ],
    expected: { 'to web TCP/81 v4': everyoneBut('web'), 'to web TCP/80 v4': everyoneBut('web', 'client') },
  },
  {
    title: 'one network inside another, with other ports',
    policies: [
      {
        podSelector: DB,
        ingress: [
          { from: [block('10.10.0.0/16')], ports: [{ port: 80 }] },
          { from: [block('10.10.20.0/24')], ports: [{ port: 81, endPort: 90 }] },
          { from: [block('10.10.20.10/32')], ports: [{ protocol: 'UDP' }] },
        ],
      },
    ],
    expected: {
      'to db TCP/80 v4': 'web api ops dev mon',
      'to db TCP/81,TCP/82 v4': 'web api',
      'to db UDP/80,UDP/81 v4': 'web',
      'to db SCTP/80 v4': '',
      'to db * v6': '',
    },
  },
  {
    title: 'a single address, and the one beside it',
    policies: [
      { podSelector: WEB, ingress: [{ from: [block('10.10.20.11/32'), block('fd00:20::12/128')] }] },
    ],
    expected: { 'to web * v4': 'db', 'to web * v6': 'api' },
  },
  {
    title: 'deny all out of a Link',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'] }],
    expected: { 'from web *': '', 'to web *': everyoneBut('web') },
  },
  {
    title: 'allow all out of a Link',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{}] }],
    expected: { 'from web *': allBut('web') },
  },
  {
    title: 'to the LAN, and not to the host that has an address there',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [{ to: [block('192.168.254.0/24', '192.168.254.19/32'), LAN6] }],
      },
    ],
    expected: { 'from web * v4': 'client', 'from web * v6': 'client host' },
  },
  {
    title: 'to the host, by the address of its uplink',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [{ to: [block('192.168.254.19/32')], ports: [{ port: 80 }] }],
      },
    ],
    expected: { 'from web TCP/80 v4': 'host', 'from web TCP/81,UDP/80,SCTP/80 v4': '', 'from web * v6': '' },
  },
  {
    title: 'to the host, by the address of its bridge, which is not that of the other bridge',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [{ to: [block('10.10.20.1/32'), block('fd00:21::1/128')] }],
      },
    ],
    expected: { 'from web * v4': 'gw0', 'from web * v6': 'gw1' },
  },
  {
    title: 'to everything but private networks',
    policies: [
      {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [
              block('0.0.0.0/0', '10.0.0.0/8', '172.16.0.0/12'),
              block('::/0', 'fd00:20::/32', 'fd00:21::/32'),
            ],
          },
        ],
      },
    ],
    expected: { 'from web *': 'client host', 'from dev *': 'client host', 'from api *': allBut('api') },
  },
  {
    title: 'to Links by label: neither the LAN nor the host',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] }],
    expected: { 'from web *': 'db dev' },
  },
  {
    title: 'to all namespaces: every Link, and nobody else',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] }],
    expected: { 'from web *': 'db api ops dev mon' },
  },
  {
    title: 'to a namespace, and to the LAN, with ports',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [
          { to: [{ namespaceSelector: { matchLabels: { env: 'prod' } } }, LAN], ports: [{ port: 80 }] },
          { to: [LAN6], ports: [{ port: 81, protocol: 'UDP' }] },
        ],
      },
    ],
    expected: {
      'from web TCP/80 v4': 'api ops client host',
      'from web TCP/80 v6': 'api ops',
      'from web UDP/81 v4': '',
      'from web UDP/81 v6': 'client host',
    },
  },
];
