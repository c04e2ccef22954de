import { describe, expect, it } from 'vitest';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { concatBytes } from '../../src/nftables/atoms.ts';
import { TYPES, aboutTable } from '../../src/nftables/message.ts';
import { presenceOf } from '../../src/nftables/presence.ts';
import { type NetlinkReply, readAnswer } from '../../src/rtnetlink/answer.ts';
import type { NetlinkRequest } from '../../src/rtnetlink/message.ts';

/* That the kernel answers so is tested with hooks of real containers, in e2e/hooks.test.ts. */

const { named } = layoutFor();

const expected = {
  families: ['inet', 'bridge'],
  layout: 'layout_1',
  chains: { 'inet forward': 2, 'inet none': 0, 'bridge forward': 1 },
  elements: [
    { set: named.get('bridges')!, values: new Map([['"br0"', '']]) },
    { set: named.get('egress4')!, values: new Map([['10.10.20.10', '1:4']]) },
    { set: named.get('macs')!, values: new Map([['"lx-vm1" . 00:11:22:33:44:55', '']]) },
  ],
} as const;

const GONE: NetlinkReply = {
  refusal: { errno: 2, words: 'No such file or directory' },
  answer: { messages: [], interrupted: false },
};
const told = (...messages: readonly NetlinkRequest[]): NetlinkReply => ({
  answer: readAnswer(Buffer.concat(messages.map(({ message }) => message))),
});
const rules = (family: 'inet' | 'bridge', ...chains: readonly string[]): NetlinkReply =>
  told(
    aboutTable(TYPES.newSetElement, 0, family, { 2: 'forward' }),
    ...chains.map((chain) => aboutTable(TYPES.newRule, 0, family, { 2: chain })),
  );
const element = (set: string, key: string, value = ''): NetlinkReply => {
  const { family, atoms } = named.get(set)!;
  return told(
    aboutTable(TYPES.newSetElement, 0, family, { 2: set }, (writer) =>
      writer.attribute(3, () =>
        writer.attribute(1, () => {
          writer.attribute(1, () => writer.attribute(1, () => writer.bytes(concatBytes(key, atoms!.key))));
          if (value !== '')
            writer.attribute(2, () =>
              writer.attribute(1, () => writer.bytes(concatBytes(value, atoms!.value))),
            );
        }),
      ),
    ),
  );
};

/** What the kernel answers where all is there: to the tables, the chains of the layout, the rules, and the elements. */
const WHOLE: readonly NetlinkReply[] = [
  ...[told(), told(), told(), told()],
  rules('inet', 'forward', 'other', 'forward'),
  rules('bridge', 'forward'),
  element('bridges', '"br0"'),
  element('egress4', '10.10.20.10', '1:4'),
  element('macs', '"lx-vm1" . 00:11:22:33:44:55'),
];
const missing = (changes: Readonly<Record<number, NetlinkReply>> = {}): string | undefined =>
  presenceOf(expected).missing(WHOLE.map((reply, index) => changes[index] ?? reply));
const refused: NetlinkReply = { ...GONE, refusal: { errno: 1, words: 'Operation not permitted' } };

describe('what is missing of the filter', () => {
  it('is nothing where all is there', () => {
    expect(presenceOf(expected).requests).toHaveLength(WHOLE.length);
    expect(missing()).toBeUndefined();
  });

  it.each<[string, Readonly<Record<number, NetlinkReply>>, string]>([
    ['a table', { 1: GONE, 3: GONE }, 'the table bridge lxcnet is not there'],
    ['the layout', { 2: GONE }, 'the table inet lxcnet is that of another version'],
    ['a rule', { 4: rules('inet', 'forward') }, 'the chain forward of table inet lxcnet has 1 rules, not 2'],
    [
      'nothing, and a rule is there too many',
      { 4: rules('inet', 'none', 'forward', 'forward') },
      'has 1 rules, not 0',
    ],
    ['all rules', { 5: told() }, 'the chain forward of table bridge lxcnet has 0 rules, not 1'],
    ['an element', { 8: GONE }, 'there is no lx-vm1 . 00:11:22:33:44:55 in macs of table bridge lxcnet'],
    [
      'a value',
      { 7: element('egress4', '10.10.20.10', '1:5') },
      '10.10.20.10 in egress4 of table inet lxcnet is 1:5, not 1:4',
    ],
    ['an answer about a table', { 0: refused }, 'the filter cannot be looked at: Operation not permitted'],
    ['an answer about rules', { 5: refused }, 'the filter cannot be looked at: Operation not permitted'],
    ['an answer about an element', { 6: refused }, 'the filter cannot be looked at: Operation not permitted'],
  ])('is told of %s', (_, changes, words) => {
    expect(missing(changes)).toContain(words);
  });

  it('is not nothing where there is no answer', () => {
    for (let answered = 0; answered < WHOLE.length; answered++)
      expect(presenceOf(expected).missing(WHOLE.slice(0, answered)), `${answered}`).toBe(
        'the filter cannot be looked at: there is no answer',
      );
  });

  it('is told of one of more elements than one message holds', () => {
    const values = new Map(Array.from({ length: 70 }, (_, index) => [`10.0.0.${index}`, '']));
    const many = { ...expected, elements: [{ set: named.get('denied_egress4')!, values }] };
    expect(presenceOf(many).requests).toHaveLength(6 + 3);
    const found = [...values.keys()].map((key) => element('denied_egress4', key).answer.messages);
    const reply = (from: number, to: number): NetlinkReply => ({
      answer: { messages: found.slice(from, to).flat(), interrupted: false },
    });
    const replies = [...WHOLE.slice(0, 6), reply(0, 30), reply(30, 60), reply(60, 70)];
    expect(presenceOf(many).missing(replies)).toBeUndefined();
    const without = replies.with(7, { ...GONE, answer: reply(30, 40).answer });
    expect(presenceOf(many).missing(without)).toContain('there is no 10.0.0.40 in denied_egress4');
  });
});
