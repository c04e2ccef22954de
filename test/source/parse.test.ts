import { describe, expect, it } from 'vitest';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, documents, errorsOf, link, messagesOf, networkPolicy } from './examples.ts';

function keysOf(text: string, file = 'a.yaml'): readonly string[] {
  const { manifests, errors } = parseManifests(file, text);
  expect(errors).toEqual([]);
  return manifests.map(({ key }) => key);
}

describe('parseManifests', () => {
  it('reads every document, fills in defaults, and notes where each stands', () => {
    const { manifests, errors } = parseManifests('a.yaml', documents(bridge('{}'), link('')));
    expect(errors).toEqual([]);
    expect(manifests.map(({ key, origin }) => [key, origin])).toEqual([
      ['Bridge/br0', { file: 'a.yaml', line: 1, column: 1 }],
      ['Link/default/vm1', { file: 'a.yaml', line: 6, column: 1 }],
    ]);
    expect(manifests[0]?.resource.spec).toEqual({
      addresses: [],
      mtu: 1500,
      defaultPolicy: 'Deny',
      siblings: 'Routed',
      ports: [],
    });
  });

  it('accepts MAC addresses in upper case, and writes them in lower case', () => {
    const { manifests } = parseManifests('a.yaml', link('macAddress: 02:AB:CD:EF:00:01'));
    expect(manifests[0]?.resource.spec).toMatchObject({ macAddress: '02:ab:cd:ef:00:01' });
  });

  it('accepts a v1 List, in a List too', () => {
    const inner = {
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b' } }],
    };
    const list = {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: '' },
      items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }, inner],
    };
    expect(keysOf(JSON.stringify(list))).toEqual(['Namespace/a', 'Namespace/b']);
  });

  it('says where in a List an item is wrong', () => {
    const items = ['apiVersion: v1', 'kind: List', 'items:', '- kind: Link', '- 5', ''];
    expect(errorsOf(items.join('\n'))).toEqual([
      'a.yaml:4:3: Link: apiVersion: Required value: supported values: "lxcnet.dev/v1alpha1"',
      'a.yaml:5:3: Invalid value: 5: must be a mapping with apiVersion, kind and metadata',
    ]);
  });

  it('names the resource in a List that has a key twice', () => {
    const text = [
      'apiVersion: v1',
      'kind: List',
      'items:',
      '- kind: Link',
      '  metadata: {name: a}',
      '  kind: Link',
      '',
    ];
    expect(errorsOf(text.join('\n'))).toContain(
      'a.yaml:6:3: Link/a: kind: Duplicate value: the key is given twice',
    );
  });

  it('tells all errors of all documents at once, in their order, and returns the valid ones', () => {
    const text = documents(bridge('{mtu: 1, siblings: x}'), link(''), bridge('{mtu: 2}', 'br1'));
    const parsed = parseManifests('a.yaml', text);
    expect(parsed.manifests.map(({ key }) => key)).toEqual(['Link/default/vm1']);
    expect(
      messagesOf(parsed).map((message) => message.split(': Invalid')[0]?.split(': Unsupported')[0]),
    ).toEqual([
      'a.yaml:4:13: Bridge/br0: spec.mtu',
      'a.yaml:4:26: Bridge/br0: spec.siblings',
      'a.yaml:14:13: Bridge/br1: spec.mtu',
    ]);
  });

  it('accepts what get -o yaml prints beside what a manifest says', () => {
    const metadata = 'br0, uid: x, resourceVersion: "5", generation: 2, creationTimestamp: null';
    expect(keysOf(`${bridge('{}', metadata)}status: {conditions: []}\n`)).toEqual(['Bridge/br0']);
    expect(
      keysOf(
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: {finalizers: [kubernetes]}\nstatus: {phase: Active}\n',
      ),
    ).toEqual(['Namespace/a']);
  });

  it('takes null for a field left out in what Kubernetes defines, and nowhere else', () => {
    expect(keysOf(networkPolicy('{podSelector: null, ingress: [{from: null}], egress: null}'))).toHaveLength(
      1,
    );
    expect(errorsOf(networkPolicy('{podSelector: {matchLabels: {a: null}}}'))).toEqual([
      'a.yaml:4:39: NetworkPolicy/p: spec.podSelector.matchLabels.a: Invalid value: null: must be a string',
    ]);
    expect(errorsOf(bridge('{ports: null}'))).toEqual([
      'a.yaml:4:15: Bridge/br0: spec.ports: Invalid value: null: must be a list',
    ]);
  });

  it('notes which resources the invalid documents are about', () => {
    const { manifests, invalid, anonymous } = parseManifests(
      'a.yaml',
      documents(bridge('{mtu: 1}'), bridge('{mtu: 1400, mtu: 1500}', 'br1')),
    );
    expect([manifests, [...invalid], anonymous]).toEqual([[], ['Bridge/br0', 'Bridge/br1'], false]);
  });

  it.each([
    ['no name', 'apiVersion: lxcnet.dev/v1alpha1\nkind: Bridge\n'],
    ['no valid name', bridge('{}', 'Br0')],
    ['no known kind', 'kind: Brigde\nmetadata: {name: br0}\n'],
    ['two names', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, name: b}\n'],
    ['an alias for nothing', 'a: *b\n'],
    ['no mapping', '5\n'],
  ])('notes that a document with %s may be about any', (_what, text) => {
    expect(parseManifests('a.yaml', text).anonymous).toBe(true);
  });

  it('has nothing to say about a file without documents', () => {
    for (const text of ['', '# nothing\n', '---\n---\n', '\ufeff']) {
      expect(parseManifests('a.yaml', text)).toMatchObject({ manifests: [], errors: [], readable: true });
    }
  });

  it('reads past a byte order mark', () => {
    expect(keysOf(`\ufeff${bridge('{}')}`)).toEqual(['Bridge/br0']);
    expect(errorsOf('\ufeffkind: x\n')[0]).toMatch(/^a\.yaml:1:7: /);
  });
});

describe('a text that cannot be read', () => {
  it.each(['a: [', 'a: b: c', '\ta: b', 'a: "', '\u0000'])('counts as nothing: %j', (text) => {
    const { manifests, errors, readable } = parseManifests('a.yaml', documents(bridge('{}'), text));
    expect([manifests, errors.length, readable]).toEqual([[], 1, false]);
  });

  it('may be one that is too long', () => {
    const padding = '#'.repeat(1024 * 1024 - bridge('{}').length);
    expect(keysOf(bridge('{}') + padding)).toEqual(['Bridge/br0']);
    expect(errorsOf(`${bridge('{}')}${padding}#`)).toEqual([
      'a.yaml:1:1: Too long: must be no more than 1 MiB',
    ]);
  });
});

describe('a .json file', () => {
  it('is read as JSON', () => {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }, null, '\t');
    expect(keysOf(text, 'a.json')).toEqual(['Namespace/a']);
  });

  it.each([
    ['kind: Bridge\n', '1:1'],
    ['{"kind": "Bridge",}', '1:19'],
    ['{\n  "kind": "Bri', '2:15'],
    ['{} {}', '1:4'],
  ])('may not be %j', (text, place) => {
    expect(errorsOf(text, 'a.json')).toEqual([
      `a.json:${place}: must be JSON, since the file is named .json`,
    ]);
  });

  it('may be empty', () => {
    expect(keysOf(' \n', 'a.json')).toEqual([]);
  });

  it('may not have a key twice', () => {
    expect(
      errorsOf('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "name": "b"}}', 'a.json'),
    ).toEqual(['a.json:1:69: Namespace/b: metadata.name: Duplicate value: the key is given twice']);
  });
});

describe('a file of nothing but errors', () => {
  it('gets no more than a thousand messages', () => {
    const text = documents(
      ...Array.from({ length: 30 }, (_, index) => {
        const fields = Array.from({ length: 100 }, (_unused, field) => `f${field}: 1`);
        return bridge(`{${fields.join(', ')}}`, `br${index}`);
      }),
    );
    const messages = errorsOf(text);
    expect(messages).toHaveLength(1001);
    expect(messages.at(-1)).toMatch(/: 2000 more errors are left out$/);
  });
});
