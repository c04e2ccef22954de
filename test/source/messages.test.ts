import { describe } from 'vitest';
import { bridge, link } from './examples.ts';
import { type MessageTable, checkMessages } from './message-table.ts';

const KINDS = '"Namespace", "Bridge", "Link", "Route", "PortForward", "NetworkPolicy"';
const NAME_RULE =
  "must consist of lower case letters, digits, '-' or '.', and start and end with a letter or digit";

const TABLE: MessageTable = [
  // What kind of thing it is
  ['no kind', 'apiVersion: v1\n', `1:1: kind: Required value: supported values: ${KINDS}`],
  [
    'a kind in lower case',
    'kind: bridge\n',
    `1:7: kind: Unsupported value: "bridge": supported values: ${KINDS}; did you mean "Bridge"?`,
  ],
  [
    'a short name as kind',
    'kind: netpol\n',
    `1:7: kind: Unsupported value: "netpol": supported values: ${KINDS}; did you mean "NetworkPolicy"?`,
  ],
  ['a foreign kind', 'kind: Pod\n', `1:7: kind: Unsupported value: "Pod": supported values: ${KINDS}`],
  [
    'another version',
    'kind: Bridge\napiVersion: lxcnet.dev/v1\nmetadata: {name: br0}\n',
    '2:13: Bridge/br0: apiVersion: Unsupported value: "lxcnet.dev/v1": supported values: "lxcnet.dev/v1alpha1"',
  ],
  [
    'no version',
    'kind: Bridge\n',
    '1:1: Bridge: apiVersion: Required value: supported values: "lxcnet.dev/v1alpha1"',
  ],
  ['a text', 'hello\n', '1:1: Invalid value: "hello": must be a mapping with apiVersion, kind and metadata'],
  [
    'a list without kind',
    '- a\n- b\n',
    '1:1: Invalid value: ["a","b"]: must be a mapping with apiVersion, kind and metadata',
  ],
  // Metadata
  [
    'no metadata',
    'apiVersion: lxcnet.dev/v1alpha1\nkind: Bridge\n',
    '1:1: Bridge: metadata: Required value: must be a mapping',
  ],
  [
    'no name',
    'apiVersion: lxcnet.dev/v1alpha1\nkind: Bridge\nmetadata: {}\n',
    '3:1: Bridge: metadata.name: Required value: must be a string',
  ],
  [
    'a path as name',
    bridge('{}', '../x'),
    `3:18: Bridge: metadata.name: Invalid value: "../x": ${NAME_RULE}`,
  ],
  [
    'a name in upper case',
    bridge('{}', 'Br0'),
    `3:18: Bridge/Br0: metadata.name: Invalid value: "Br0": ${NAME_RULE}`,
  ],
  [
    'a very long name',
    bridge('{}', 'a'.repeat(300)),
    `3:18: Bridge: metadata.name: Too long: "${'a'.repeat(59)}...": must be no more than 253 characters`,
  ],
  [
    'a namespace where there is none',
    bridge('{}', 'br0, namespace: lab'),
    '3:23: Bridge/br0: metadata.namespace: Unknown field',
  ],
  [
    'a number as label, and a bad key',
    bridge('{}', 'br0, labels: {a: 1, "b c": d}'),
    '3:35: Bridge/br0: metadata.labels.a: Invalid value: 1: must be a string',
    `3:38: Bridge/br0: metadata.labels["b c"]: Invalid value: "b c": must be a name of letters, digits, '-', '_' or '.', at most 63 characters, with an optional DNS prefix and '/'`,
  ],
  [
    'true as annotation',
    bridge('{}', 'br0, annotations: {lxcnet.dev/adopt: true}'),
    '3:55: Bridge/br0: metadata.annotations["lxcnet.dev/adopt"]: Invalid value: true: must be a string',
  ],
  // Keys
  [
    'an unknown field that is close to one',
    bridge('{addreses: []}'),
    '4:8: Bridge/br0: spec.addreses: Unknown field: did you mean "addresses"?',
  ],
  ['an unknown field', bridge('{color: red}'), '4:8: Bridge/br0: spec.color: Unknown field'],
  [
    'a merge key',
    bridge('{<<: {mtu: 1500}}'),
    '4:8: Bridge/br0: spec["<<"]: Forbidden: YAML merge keys may not be used',
  ],
  [
    'a merge key among labels',
    bridge('{}', 'br0, labels: {<<: x}'),
    '3:32: Bridge/br0: metadata.labels["<<"]: Forbidden: YAML merge keys may not be used',
  ],
  [
    'a key twice',
    bridge('{mtu: 1400, mtu: 1500}'),
    '4:19: Bridge/br0: spec.mtu: Duplicate value: the key is given twice',
  ],
  [
    'a number as key',
    bridge('{}', 'br0, labels: {5: a}'),
    "3:32: Bridge/br0: metadata.labels.5: Forbidden: keys must be strings: write '5' in quotes",
  ],
  ['a mapping as key', bridge('{? {a: b} : c}'), '4:10: Bridge/br0: spec: Forbidden: keys must be strings'],
  [
    'a key of JavaScript',
    bridge('{}', 'br0, labels: {__proto__: a}'),
    '3:32: Bridge/br0: metadata.labels.__proto__: Forbidden: the key may not be used',
  ],
  [
    'another key of JavaScript',
    bridge('{constructor: a}'),
    '4:8: Bridge/br0: spec.constructor: Unknown field',
  ],
  // Types
  [
    'nothing where a mapping belongs',
    bridge(''),
    '4:1: Bridge/br0: spec: Invalid value: null: must be a mapping',
  ],
  [
    'a text where a list belongs',
    bridge('{addresses: 10.0.0.1/24}'),
    '4:19: Bridge/br0: spec.addresses: Invalid value: "10.0.0.1/24": must be a list',
  ],
  [
    'a number in quotes',
    bridge('{mtu: "1500"}'),
    '4:13: Bridge/br0: spec.mtu: Invalid value: "1500": must be a number',
  ],
  [
    'a fraction',
    bridge('{mtu: 1500.5}'),
    '4:13: Bridge/br0: spec.mtu: Invalid value: 1500.5: must be a whole number',
  ],
  [
    'a number beyond all measure',
    bridge('{mtu: 99999999999999999999}'),
    '4:13: Bridge/br0: spec.mtu: Invalid value: 100000000000000000000: must be between 68 and 65535',
  ],
  [
    'infinity',
    bridge('{mtu: .inf}'),
    '4:13: Bridge/br0: spec.mtu: Invalid value: Infinity: must be a number',
  ],
  [
    'YAML 1.1 truth',
    link('antiSpoofing: yes'),
    '4:58: Link/vm1: spec.antiSpoofing: Invalid value: "yes": must be true or false',
  ],
  [
    'true where a mapping belongs',
    bridge('{masquerade: true}'),
    '4:20: Bridge/br0: spec.masquerade: Invalid value: true: must be a mapping; its fields: interfaces, source',
  ],
  // List
  [
    'a List of another version',
    'apiVersion: v2\nkind: List\nitems: []\n',
    '1:13: List: apiVersion: Unsupported value: "v2": supported values: "v1"',
  ],
  [
    'a List without items',
    'apiVersion: v1\nkind: List\n',
    '1:1: List: items: Required value: must be a list',
  ],
  [
    'an unknown field of a List',
    'apiVersion: v1\nkind: List\nitem: []\n',
    '1:1: List: items: Required value: must be a list',
    '3:1: List: item: Unknown field: did you mean "items"?',
  ],
  // YAML
  ['a tab', 'spec:\n\tmtu: 1\n', '2:1: tab characters must not be used in indentation'],
  ['an alias for nothing', 'spec: *a\n', '1:8: unidentified alias "a"'],
  [
    'a foreign tag',
    'a: !!python/name:os.system x\n',
    '1:4: unknown scalar tag !<tag:yaml.org,2002:python/name:os.system>',
  ],
];

describe('the messages about a bad manifest', () => checkMessages(TABLE));
