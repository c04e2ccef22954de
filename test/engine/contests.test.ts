import { describe, expect, it } from 'vitest';
import { Contests } from '../../src/engine/contests.ts';
import type { PassResult } from '../../src/engine/pass.ts';
import type { Key } from '../../src/api/key.ts';
import { device, view } from '../controllers/fixture.ts';

const VM1 = 'Link/default/vm1' as Key;

/** A pass after which the link's host end has this number, and in which it was isolated. */
function pass(index: number, follows: boolean): PassResult {
  const operation = {
    key: VM1,
    stage: 'configure',
    verb: 'update',
    object: 'interface veth1',
    field: 'mtu',
    commands: [],
    ...(follows && { follows }),
  };
  return {
    done: [operation],
    plan: { plans: new Map([[VM1, {}]]) },
    observed: { host: view([device('veth1', { index, alias: `lxcnet:${VM1}` })]) },
  } as unknown as PassResult;
}

function observe(indexes: readonly number[], follows = false): readonly string[] {
  const contests = new Contests({
    clock: { now: () => 0 },
    events: { record: () => undefined } as never,
    logger: { warn: () => undefined } as never,
  });
  const passes = indexes.map((index) => pass(index, follows));
  for (const [number, result] of passes.entries())
    contests.observe(result, passes[number - 1], [], new Set());
  return contests.of(VM1);
}

describe('a link that has to be put right again and again', () => {
  it('is contested where its interface is the same', () => {
    expect(observe([5, 5, 5, 5, 5, 5, 5, 5, 5])).toEqual(['interface veth1: mtu']);
  });

  it('is not where its container was started again each time', () => {
    expect(observe([5, 6, 7, 8, 9, 10, 11, 12, 13, 14])).toEqual([]);
  });

  it('is not where each time it follows a change of another resource', () => {
    expect(observe([5, 5, 5, 5, 5, 5, 5, 5, 5], true)).toEqual([]);
  });
});
