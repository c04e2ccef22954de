import { forward } from '../../support/reference-world.ts';
import { type Case, allBut, everyoneBut } from './case.ts';

const WEB = { matchLabels: { app: 'web' } };
const DB = { matchLabels: { app: 'db' } };
const PROD = { namespaceSelector: { matchLabels: { env: 'prod' } } };
const CLOSED = { defaultPolicy: 'Deny' } as const;

/** Both directions, both defaults, both kinds of siblings, and forwards. */
export const TOGETHER_CASES: readonly Case[] = [
  {
    title: 'types: ingress rules alone leave egress alone',
    policies: [{ podSelector: WEB, ingress: [{ from: [{ podSelector: DB }] }] }],
    expected: { 'to web *': 'db', 'from web *': allBut('web') },
  },
  {
    title: 'types: egress rules alone close ingress as well',
    policies: [{ podSelector: WEB, egress: [{ to: [{ podSelector: DB }] }] }],
    expected: { 'to web *': '', 'from web *': 'db' },
  },
  {
    title: 'types: an empty list of egress rules says nothing about egress',
    policies: [{ podSelector: WEB, egress: [] }],
    expected: { 'to web *': '', 'from web *': allBut('web') },
  },
  {
    title: 'types: an empty list of types is as none',
    policies: [{ podSelector: WEB, policyTypes: [], egress: [{}] }],
    expected: { 'to web *': '', 'from web *': allBut('web') },
  },
  {
    title: 'types: rules of a direction that is not named mean nothing',
    policies: [
      { podSelector: WEB, policyTypes: ['Egress'], ingress: [{ from: [{ podSelector: DB }] }], egress: [{}] },
      { podSelector: DB, policyTypes: ['Ingress'], ingress: [{}], egress: [{ to: [{ podSelector: WEB }] }] },
    ],
    expected: {
      'to web *': everyoneBut('web'),
      'from web *': allBut('web'),
      'to db *': everyoneBut('db'),
      'from db *': allBut('db'),
    },
  },
  {
    title: 'types: both, without rules',
    policies: [{ podSelector: WEB, policyTypes: ['Ingress', 'Egress'] }],
    expected: { 'to web *': '', 'from web *': '' },
  },
  {
    title: 'both ends must allow it: a port that only one allows is shut',
    policies: [
      { podSelector: WEB, policyTypes: ['Egress'], egress: [{ ports: [{ port: 80 }, { port: 81 }] }] },
      { podSelector: DB, ingress: [{ from: [{ podSelector: WEB }], ports: [{ port: 81 }, { port: 82 }] }] },
    ],
    expected: { 'to db TCP/81': 'web', 'to db TCP/80,TCP/82': '', 'from web TCP/82': '' },
  },
  {
    title: 'both ends must allow it, in two namespaces and on two bridges',
    policies: [
      { podSelector: WEB, policyTypes: ['Egress'], egress: [{ to: [PROD] }] },
      { namespace: 'prod', podSelector: WEB, ingress: [{ from: [{ namespaceSelector: {} }] }] },
      { namespace: 'prod', podSelector: { matchLabels: { app: 'api' } } },
    ],
    expected: { 'from web *': 'ops', 'to ops *': 'web db api dev mon', 'to api *': '' },
  },
  {
    title: 'what is allowed one way is not allowed the other',
    policies: [
      { podSelector: DB, policyTypes: ['Ingress', 'Egress'], ingress: [{ from: [{ podSelector: WEB }] }] },
    ],
    expected: { 'to db *': 'web', 'from db *': '' },
  },
  { title: 'Deny: nothing', policies: [], bridges: CLOSED, expected: { 'to web *': '', 'from web *': '' } },
  {
    title: 'Deny: a policy opens the direction that it is about, and the other stays closed',
    policies: [
      { podSelector: WEB, ingress: [{}] },
      { podSelector: DB, policyTypes: ['Egress'], egress: [{}] },
    ],
    bridges: CLOSED,
    expected: {
      'to web *': 'db client',
      'from web *': '',
      'to db *': '',
      'from db *': 'web client host gw0 gw1',
    },
  },
  {
    title: 'Deny: between two Links, over two bridges',
    policies: [
      { podSelector: WEB, policyTypes: ['Egress'], egress: [{ to: [PROD], ports: [{ port: 80 }] }] },
      { namespace: 'prod', podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    ],
    bridges: CLOSED,
    expected: { 'to ops TCP/80': 'web', 'to api TCP/80': 'web', 'to ops UDP/80,TCP/81': '' },
  },
  {
    title: 'Deny: an empty podSelector opens a whole namespace',
    policies: [{ podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] }],
    bridges: CLOSED,
    expected: { 'to web *': 'db dev client', 'from dev *': 'web db client host gw0 gw1', 'to api *': '' },
  },
  {
    title: 'siblings Switched: no policy between Links of one bridge, but between bridges',
    policies: [
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      { namespace: 'prod', podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    ],
    bridges: { siblings: 'Switched' },
    expected: {
      'to web *': 'db api',
      'from db *': 'web api',
      'to dev *': 'ops mon',
      'from ops *': 'dev mon',
    },
  },
  {
    title: 'siblings Switched and Deny',
    policies: [],
    bridges: { ...CLOSED, siblings: 'Switched' },
    expected: { 'to web *': 'db api', 'from mon *': 'ops dev' },
  },
  {
    title:
      'a forward opens its port, on a bridge that denies, to the LAN; to Links where their egress allows it',
    policies: [
      {
        podSelector: WEB,
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: DB }], ports: [{ port: 81 }] }],
      },
      { podSelector: { matchLabels: { app: 'none' } }, policyTypes: ['Egress'], egress: [{}] },
    ],
    bridges: CLOSED,
    more: [forward('db', { name: 'db' }, [{ port: 80, targetPort: 81 }])],
    expected: {
      'to host TCP/80': 'web client',
      'to db *': '',
      'from web TCP/80': 'host',
      'from web TCP/81': '',
    },
  },
  {
    title: 'a forward stays open beside a policy that denies, and opens no other way to its target',
    policies: [{ podSelector: DB }],
    more: [
      forward('db', { name: 'db' }, [
        { port: 82, targetPort: 80 },
        { port: 80, endPort: 81, protocol: 'UDP' },
        { port: 81, targetPort: 80, protocol: 'SCTP' },
      ]),
    ],
    expected: {
      'to db *': '',
      'to host TCP/82,UDP/80,UDP/81,SCTP/81': 'web db api ops dev mon client',
      'to host TCP/80,SCTP/80': 'web db api ops dev mon client',
    },
  },
  {
    title: 'a forward with sources binds Links and the LAN alike',
    policies: [{ podSelector: DB }],
    more: [
      forward('db', { name: 'db' }, [{ port: 80 }], { sources: ['10.10.21.0/24', 'fd00:254::/64'] }),
      forward('mon', { name: 'mon', namespace: 'tools' }, [{ port: 81 }], { sources: ['10.10.20.10/32'] }),
    ],
    expected: { 'to host TCP/80 v4': 'ops dev mon', 'to host TCP/80 v6': 'client', 'to db *': '' },
  },
  {
    title: 'a forward without hairpin is for the LAN alone: to a Link it is the host that answers',
    policies: [{ podSelector: WEB, policyTypes: ['Egress'], egress: [{}] }],
    bridges: CLOSED,
    more: [forward('api', { name: 'api', namespace: 'prod' }, [{ port: 80 }], { hairpin: false })],
    expected: { 'to host TCP/80': 'web client', 'to api *': '' },
  },
];
