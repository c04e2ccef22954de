import { describe, expect, it } from 'vitest';
import { bridge, errorsOf } from './examples.ts';

const IN_QUOTES =
  "bad indentation, or a text with ': ' or a special character such as '@' that is not in quotes";
const NOT_CLOSED = "deficient indentation, or a quotation mark, '{' or '[' that is not closed";
const TOO_MUCH = "unexpected text: the document ends before it, or a line '---' is missing";

describe('a text that is no YAML', () => {
  it.each([
    ['a colon in a text', 'a: b: c\n', `1:5: ${IN_QUOTES}`],
    ['a special character', 'a: @b\n', `1:4: ${IN_QUOTES}`],
    ['two fields on one line', 'kind: Bridge kind: Link\n', `1:18: ${IN_QUOTES}`],
    ['an indentation that nothing has', 'spec:\n  a: 1\n b: 2\n', `3:2: ${IN_QUOTES}`],
    ['a quotation mark that is not closed', 'a: "x\nb: 1\n', `2:1: ${NOT_CLOSED}`],
    ['a brace that is not closed', bridge('{mtu: 1500').trimEnd() + '\n', `5:1: ${NOT_CLOSED}`],
    ['a bracket that is not closed', 'a: [1, 2\nb: 3\n', `2:1: ${NOT_CLOSED}`],
    ['a field after a list', '- a\nb: 1\n', `2:1: ${TOO_MUCH}`],
    ['a brace too many', '{a: 1}}\n', `1:7: ${TOO_MUCH}`],
    ['a tab', 'a:\n\tb: 1\n', '2:1: tab characters must not be used in indentation'],
  ])('has a message that helps for %s', (_what, text, message) => {
    expect(errorsOf(text)).toEqual([`a.yaml:${message}`]);
  });
});

describe('messages', () => {
  it('do not call a large whole number a fraction', () => {
    for (const number of ['1e20', '99999999999999999999', '-1e20'])
      expect(errorsOf(bridge(`{mtu: ${number}}`))).toEqual([
        expect.stringMatching(/: spec\.mtu: Invalid value: -?1.*: must be between 68 and 65535$/),
      ]);
    expect(errorsOf(bridge('{mtu: 1.5}'))).toEqual([
      'a.yaml:4:13: Bridge/br0: spec.mtu: Invalid value: 1.5: must be a whole number',
    ]);
  });

  it('suggest List for a list', () => {
    expect(errorsOf('apiVersion: v1\nkind: list\nitems: []\n')[0]).toMatch(/; did you mean "List"\?$/);
    expect(errorsOf('apiVersion: v1\nkind: link\n')[0]).toMatch(/; did you mean "Link"\?$/);
  });
});
