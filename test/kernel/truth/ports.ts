import type { PolicyPort } from '../../support/reference-manifests.ts';
import { type Case, allBut, everyoneBut } from './case.ts';

const WEB = { matchLabels: { app: 'web' } };
const DB = { matchLabels: { app: 'db' } };
const ALL = everyoneBut('web');
const OUT = allBut('web');

/** Into web: these ports from every Link and the LAN, and no others. */
function into(title: string, ports: readonly PolicyPort[], open: string, shut: string): Case {
  return {
    title: `into a Link: ${title}`,
    policies: [{ podSelector: WEB, ingress: [{ ports }] }],
    expected: { [`to web ${open}`]: ALL, [`to web ${shut}`]: '' },
  };
}

/** Out of web: the same. */
function outOf(title: string, ports: readonly PolicyPort[], open: string, shut: string): Case {
  return {
    title: `out of a Link: ${title}`,
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{ ports }] }],
    expected: { [`from web ${open}`]: OUT, [`from web ${shut}`]: '' },
  };
}

/** Between one pair of Links only: the same. */
function between(title: string, ports: readonly PolicyPort[], open: string, shut: string): Case {
  return {
    title: `from one Link to another: ${title}`,
    policies: [
      { podSelector: WEB, ingress: [{ from: [{ podSelector: DB }], ports }] },
      { podSelector: WEB, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: DB }], ports }] },
    ],
    expected: {
      [`to web ${open}`]: 'db',
      [`to web ${shut}`]: '',
      [`from web ${open}`]: 'db',
      [`from web ${shut}`]: '',
    },
  };
}

const KINDS: readonly (readonly [string, readonly PolicyPort[], string, string])[] = [
  ['a number is a TCP port', [{ port: 80 }], 'TCP/80', 'TCP/81,UDP/80,SCTP/80'],
  ['a UDP port', [{ port: 80, protocol: 'UDP' }], 'UDP/80', 'TCP/80,UDP/81,SCTP/80'],
  ['an SCTP port', [{ port: 80, protocol: 'SCTP' }], 'SCTP/80', 'TCP/80,UDP/80,SCTP/81'],
  ['a whole protocol', [{ protocol: 'UDP' }], 'UDP/80,UDP/81', 'TCP/80,TCP/81,SCTP/80'],
  ['SCTP as a whole', [{ protocol: 'SCTP' }], 'SCTP/80,SCTP/81', 'TCP/80,UDP/80,UDP/81'],
  ['an entry without anything is TCP as a whole', [{}], 'TCP/80,TCP/82', 'UDP/80,SCTP/80'],
  ['a range', [{ port: 81, endPort: 1000 }], 'TCP/81,TCP/82', 'TCP/80,UDP/81,SCTP/81'],
  ['a range of one', [{ port: 81, endPort: 81 }], 'TCP/81', 'TCP/80,TCP/82,UDP/81'],
  [
    'ranges of several protocols that overlap',
    [
      { port: 1, endPort: 80 },
      { port: 80, endPort: 81 },
      { port: 81, endPort: 65535, protocol: 'SCTP' },
    ],
    'TCP/80,TCP/81,SCTP/81',
    'TCP/82,UDP/80,SCTP/80',
  ],
  [
    'several ports',
    [{ port: 80 }, { port: 82 }, { port: 81, protocol: 'UDP' }],
    'TCP/80,TCP/82,UDP/81',
    'TCP/81,UDP/80,SCTP/80',
  ],
];

export const PORT_CASES: readonly Case[] = [
  ...KINDS.flatMap((kind) => [into(...kind), outOf(...kind), between(...kind)]),
  {
    title: 'a named port into a Link is its own',
    policies: [{ podSelector: {}, ingress: [{ ports: [{ port: 'http' }] }] }],
    expected: {
      'to web TCP/80': everyoneBut('web'),
      'to db TCP/81': everyoneBut('db'),
      'to web TCP/81,UDP/80': '',
      'to db TCP/80,SCTP/81': '',
      'to dev *': '',
    },
  },
  {
    title: 'a named port has a protocol',
    policies: [
      { podSelector: WEB, ingress: [{ ports: [{ port: 'http', protocol: 'UDP' }] }] },
      { namespace: 'prod', podSelector: WEB, ingress: [{ ports: [{ port: 'http', protocol: 'UDP' }] }] },
    ],
    expected: { 'to web *': '', 'to ops UDP/80': everyoneBut('ops'), 'to ops TCP/80,UDP/81': '' },
  },
  {
    title: 'a named UDP port beside a named TCP port',
    policies: [
      { podSelector: {}, ingress: [{ ports: [{ port: 'dns', protocol: 'UDP' }, { port: 'http' }] }] },
    ],
    expected: { 'to web TCP/80,UDP/81': everyoneBut('web'), 'to web TCP/81,UDP/80': '', 'to db UDP/81': '' },
  },
  {
    title: 'a named port into a Link from a label, and from a network',
    policies: [
      {
        podSelector: {},
        ingress: [
          { from: [{ podSelector: WEB }], ports: [{ port: 'http' }] },
          { from: [{ ipBlock: { cidr: '192.168.254.0/24' } }], ports: [{ port: 'http' }] },
        ],
      },
    ],
    expected: {
      'to db TCP/81 v4': 'web client',
      'to db TCP/81 v6': 'web',
      'to db TCP/80': '',
      'to web TCP/80 v4': 'client',
    },
  },
  {
    title: 'a named port that no Link has',
    policies: [{ podSelector: WEB, ingress: [{ ports: [{ port: 'nothing' }] }] }],
    expected: { 'to web *': '' },
  },
  {
    title: 'a named port out of a Link is that of the other end',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] }],
    expected: {
      'from web TCP/80': 'api mon',
      'from web TCP/81': 'db',
      'from web UDP/80': '',
      'from web TCP/82': '',
    },
  },
  {
    title: 'a named port out of a Link to a label and to a namespace',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [
          { to: [{ podSelector: DB }], ports: [{ port: 'http' }] },
          {
            to: [{ namespaceSelector: { matchLabels: { env: 'prod' } } }],
            ports: [{ port: 'http' }, { port: 'http', protocol: 'UDP' }],
          },
        ],
      },
    ],
    expected: {
      'from web TCP/80': 'api',
      'from web TCP/81': 'db',
      'from web UDP/80': 'ops',
      'from web SCTP/80': '',
    },
  },
  {
    title: 'numbers and names in one list',
    policies: [
      { podSelector: DB, ingress: [{ ports: [{ port: 'http' }, { port: 82 }, { protocol: 'SCTP' }] }] },
    ],
    expected: { 'to db TCP/81,TCP/82,SCTP/80,SCTP/81': everyoneBut('db'), 'to db TCP/80,UDP/81': '' },
  },
];
