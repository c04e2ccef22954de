import { expect, it } from 'vitest';
import { SET_NAMES, renderSet } from '../../src/netfilter/sets.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';

it('lists each set as what it is declared to be', () => {
  const { named, sets } = layoutFor();
  expect([...named.keys()]).toEqual(sets);
  for (const name of SET_NAMES)
    expect(renderSet(name)).toMatch(new RegExp(`^ *${named.get(name)!.kind} ${name} `));
});
