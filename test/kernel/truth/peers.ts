import type { Selector } from '../../support/reference-manifests.ts';
import type { Case } from './case.ts';
import { everyoneBut } from './case.ts';

const WEB = { matchLabels: { app: 'web' } };

type Expression = NonNullable<Selector['matchExpressions']>[number];

/** Who may reach mon, where its policy names Links of every namespace by expressions. */
function byExpressions(what: string, expressions: readonly Expression[], reached: string): Case {
  const podSelector = { matchExpressions: expressions };
  return {
    title: `peers by expressions: ${what}`,
    policies: [{ namespace: 'tools', ingress: [{ from: [{ namespaceSelector: {}, podSelector }] }] }],
    expected: { 'to mon *': reached, 'to db *': everyoneBut('db') },
  };
}

/** The same with expressions about namespaces. */
function byNamespaces(what: string, expressions: readonly Expression[], reached: string): Case {
  const namespaceSelector = { matchExpressions: expressions };
  return {
    title: `namespaces by expressions: ${what}`,
    policies: [{ podSelector: WEB, ingress: [{ from: [{ namespaceSelector }] }] }],
    expected: { 'to web *': reached },
  };
}

export const PEER_CASES: readonly Case[] = [
  byExpressions('In', [{ key: 'app', operator: 'In', values: ['web', 'db'] }], 'web ops db'),
  byExpressions(
    'NotIn also selects who has no such label',
    [{ key: 'app', operator: 'NotIn', values: ['web', 'mon'] }],
    'db api dev',
  ),
  byExpressions('Exists', [{ key: 'tier', operator: 'Exists' }], 'web db api ops'),
  byExpressions('DoesNotExist', [{ key: 'tier', operator: 'DoesNotExist' }], 'dev'),
  byExpressions(
    'all of them must fit',
    [
      { key: 'tier', operator: 'Exists' },
      { key: 'app', operator: 'NotIn', values: ['web'] },
      { key: 'tier', operator: 'In', values: ['back', 'watch'] },
    ],
    'db api',
  ),
  byExpressions(
    'that contradict each other',
    [
      { key: 'app', operator: 'Exists' },
      { key: 'app', operator: 'DoesNotExist' },
    ],
    '',
  ),
  byNamespaces('In', [{ key: 'env', operator: 'In', values: ['prod', 'stage'] }], 'api ops'),
  byNamespaces('NotIn', [{ key: 'env', operator: 'NotIn', values: ['prod'] }], 'db dev mon'),
  byNamespaces('Exists', [{ key: 'team', operator: 'Exists' }], 'api ops'),
  byNamespaces('DoesNotExist', [{ key: 'env', operator: 'DoesNotExist' }], 'db dev'),
  byNamespaces(
    'by name',
    [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['default'] }],
    'api ops mon',
  ),
  {
    title: 'labels and expressions of one selector must both fit',
    policies: [
      {
        podSelector: WEB,
        ingress: [
          {
            from: [
              {
                namespaceSelector: {},
                podSelector: {
                  matchLabels: { tier: 'back' },
                  matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }],
                },
              },
            ],
          },
        ],
      },
    ],
    expected: { 'to web *': 'db' },
  },
  {
    title: 'a policy selects its Links by expressions',
    policies: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }],
    expected: { 'to dev *': '', 'to web *': everyoneBut('web'), 'to db *': everyoneBut('db') },
  },
  {
    title: 'a policy selects its Links by NotIn',
    policies: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] } }],
    expected: { 'to dev *': '', 'to db *': '', 'to web *': everyoneBut('web') },
  },
];
