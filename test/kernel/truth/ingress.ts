import { type Case, everyoneBut } from './case.ts';

const WEB = { matchLabels: { app: 'web' } };
const DB = { matchLabels: { app: 'db' } };

export const INGRESS_CASES: readonly Case[] = [
  {
    title: 'no policy: everything is open',
    policies: [],
    expected: { 'to web *': everyoneBut('web'), 'to mon *': everyoneBut('mon') },
  },
  {
    title: 'deny all into one Link, by a policy without rules',
    policies: [{ podSelector: WEB }],
    expected: { 'to web *': '', 'to db *': everyoneBut('db'), 'to ops *': everyoneBut('ops') },
  },
  {
    title: 'a policy whose list of rules is empty denies as well',
    policies: [{ podSelector: WEB, policyTypes: ['Ingress'], ingress: [] }],
    expected: { 'to web *': '' },
  },
  {
    title: 'deny all into a namespace, by an empty podSelector',
    policies: [{ podSelector: {} }],
    expected: { 'to web *': '', 'to db *': '', 'to dev *': '', 'to api *': everyoneBut('api') },
  },
  {
    title: 'allow all into a namespace, by an empty rule',
    policies: [{ podSelector: {}, ingress: [{}] }],
    expected: { 'to web *': everyoneBut('web'), 'to dev *': everyoneBut('dev') },
  },
  {
    title: 'an empty rule beside a policy that denies',
    policies: [{ podSelector: {} }, { podSelector: WEB, ingress: [{}] }],
    expected: { 'to web *': everyoneBut('web'), 'to db *': '' },
  },
  {
    title: 'a rule with empty lists is an empty rule',
    policies: [{ podSelector: WEB, ingress: [{ from: [], ports: [] }] }],
    expected: { 'to web *': everyoneBut('web') },
  },
  {
    title: 'from Links of the same namespace, by an empty podSelector',
    policies: [{ podSelector: WEB, ingress: [{ from: [{ podSelector: {} }] }] }],
    expected: { 'to web *': 'db dev' },
  },
  {
    title: 'from a label: a Link of another namespace with that label does not count',
    policies: [{ podSelector: DB, ingress: [{ from: [{ podSelector: WEB }] }] }],
    expected: { 'to db *': 'web' },
  },
  {
    title: 'from all namespaces, by an empty namespaceSelector: every Link, and nobody else',
    policies: [{ podSelector: WEB, ingress: [{ from: [{ namespaceSelector: {} }] }] }],
    expected: { 'to web *': 'db api ops dev mon' },
  },
  {
    title: 'from a namespace label',
    policies: [
      { podSelector: WEB, ingress: [{ from: [{ namespaceSelector: { matchLabels: { env: 'prod' } } }] }] },
    ],
    expected: { 'to web *': 'api ops' },
  },
  {
    title: 'from the name that Kubernetes labels every namespace with, declared or not',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } }] },
        ],
      },
    ],
    expected: { 'to web *': 'db dev' },
  },
  {
    title: 'a Link label AND a namespace label in one peer',
    policies: [
      {
        podSelector: DB,
        ingress: [{ from: [{ podSelector: WEB, namespaceSelector: { matchLabels: { env: 'prod' } } }] }],
      },
    ],
    expected: { 'to db *': 'ops' },
  },
  {
    title: 'a Link label OR a namespace label in two peers',
    policies: [
      {
        podSelector: DB,
        ingress: [{ from: [{ podSelector: WEB }, { namespaceSelector: { matchLabels: { env: 'prod' } } }] }],
      },
    ],
    expected: { 'to db *': 'web api ops' },
  },
  {
    title: 'a Link label in all namespaces',
    policies: [{ podSelector: DB, ingress: [{ from: [{ podSelector: WEB, namespaceSelector: {} }] }] }],
    expected: { 'to db *': 'web ops' },
  },
  {
    title: 'two labels of one selector must both fit',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'api', tier: 'back' } } }] },
          { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'mon', tier: 'back' } } }] },
        ],
      },
    ],
    expected: { 'to web *': 'api' },
  },
  {
    title: 'a policy of another namespace selects only there',
    policies: [{ namespace: 'prod', podSelector: WEB, ingress: [{ from: [{ podSelector: {} }] }] }],
    expected: { 'to ops *': 'api', 'to web *': everyoneBut('web') },
  },
  {
    title: 'policies of two namespaces for Links with the same labels',
    policies: [
      { podSelector: WEB, ingress: [{ from: [{ podSelector: DB }] }] },
      { namespace: 'prod', podSelector: WEB },
    ],
    expected: { 'to web *': 'db', 'to ops *': '' },
  },
  {
    title: 'a peer that nobody is',
    policies: [{ podSelector: WEB, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'no' } } }] }] }],
    expected: { 'to web *': '' },
  },
  {
    title: 'a Link that selects itself as a peer',
    policies: [{ podSelector: WEB, ingress: [{ from: [{ podSelector: WEB }] }] }],
    expected: { 'to web *': '' },
  },
  {
    title: 'rules of one policy add up',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          { from: [{ podSelector: DB }], ports: [{ port: 80 }] },
          { from: [{ namespaceSelector: { matchLabels: { env: 'test' } } }], ports: [{ port: 81 }] },
        ],
      },
    ],
    expected: { 'to web TCP/80': 'db', 'to web TCP/81': 'mon', 'to web TCP/82,UDP/80,UDP/81,SCTP/80': '' },
  },
  {
    title: 'policies add up',
    policies: [
      { podSelector: WEB, ingress: [{ from: [{ podSelector: DB }] }] },
      { podSelector: { matchLabels: { tier: 'front' } }, ingress: [{ ports: [{ port: 82 }] }] },
      { podSelector: {} },
    ],
    expected: { 'to web TCP/80,UDP/81,SCTP/80': 'db', 'to web TCP/82': everyoneBut('web'), 'to db *': '' },
  },
  {
    title: 'peers of one rule share its ports',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          {
            from: [{ podSelector: DB }, { namespaceSelector: { matchLabels: { env: 'test' } } }],
            ports: [{ port: 80 }, { port: 81, protocol: 'UDP' }],
          },
        ],
      },
    ],
    expected: { 'to web TCP/80,UDP/81': 'db mon', 'to web TCP/81,TCP/82,UDP/80,SCTP/80,SCTP/81': '' },
  },
];
