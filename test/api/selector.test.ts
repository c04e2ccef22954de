import { describe, expect, it } from 'vitest';
import { type LabelSelector, labelSelector, selects } from '../../src/api/selector.ts';

const expression = (operator: string, ...values: string[]): LabelSelector =>
  labelSelector.parse({
    matchExpressions: [{ key: 'app', operator, ...(values.length > 0 && { values }) }],
  });

describe('selects', () => {
  it('takes an empty selector for everything', () => {
    for (const selector of [{}, { matchLabels: {} }, { matchExpressions: [] }])
      expect(selects(selector, {})).toBe(true);
  });

  it('wants every label that is given', () => {
    const selector = { matchLabels: { app: 'web', tier: 'front' } };
    expect(selects(selector, { app: 'web', tier: 'front', more: '' })).toBe(true);
    expect(selects(selector, { app: 'web' })).toBe(false);
  });

  it.each<[LabelSelector, boolean[]]>([
    // With the labels app=web, app=db, app= (empty), none.
    [expression('In', 'web', 'mail'), [true, false, false, false]],
    [expression('NotIn', 'web', 'mail'), [false, true, true, true]],
    [expression('Exists'), [true, true, true, false]],
    [expression('DoesNotExist'), [false, false, false, true]],
    [expression('In', ''), [false, false, true, false]],
  ])('%j', (selector, expected) => {
    const labels = [{ app: 'web' }, { app: 'db' }, { app: '' }, {}] as Record<string, string>[];
    expect(labels.map((each) => selects(selector, each))).toEqual(expected);
  });

  it('wants labels and expressions together', () => {
    const selector = { ...expression('Exists'), matchLabels: { tier: 'front' } };
    expect(selects(selector, { app: 'x' })).toBe(false);
    expect(selects(selector, { app: 'x', tier: 'front' })).toBe(true);
  });

  it('does not take what every object inherits for a label', () => {
    const inherited = labelSelector.parse({
      matchExpressions: [{ key: 'constructor', operator: 'Exists' }],
    });
    expect(selects(inherited, {})).toBe(false);
    expect(selects({ matchLabels: { toString: 'x' } }, {})).toBe(false);
  });
});

describe('labelSelector', () => {
  it.each([
    { matchExpressions: [{ key: 'app', operator: 'In' }] },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [] }] },
    { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] },
    { matchExpressions: [{ key: 'app', operator: 'in', values: ['x'] }] },
    { matchLabels: { 'not a key': 'x' } },
    { matchLabels: { app: 'not a value!' } },
    { matchlabels: {} },
  ])('refuses %j', (selector) => {
    expect(labelSelector.safeParse(selector).success).toBe(false);
  });
});
