import { describe, expect, it } from 'vitest';
import { probeFeatures } from '../../src/engine/features.ts';
import { SET_NAMES } from '../../src/netfilter/sets.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';

/** A kernel that refuses each transaction with one of these words in it. */
const kernelWithout = (...words: readonly string[]) =>
  probeFeatures({
    check: (transaction) =>
      Promise.resolve(
        words.some((word) => transaction.includes(word))
          ? 'Could not process rule: Operation not supported'
          : undefined,
      ),
  });

describe('a kernel', () => {
  it('that can do everything holds the whole layout', async () => {
    expect(await kernelWithout()).toEqual({ layout: layoutFor(), missing: new Set() });
    expect(layoutFor().sets).toEqual(SET_NAMES);
  });

  it('without tables in bridges gets the other table', async () => {
    const { layout, missing, unsupported } = await kernelWithout('table bridge');
    expect([...missing]).toEqual(['bridge-filter', 'bandwidth']);
    expect(unsupported).toBeUndefined();
    expect(layout.families).toEqual(['inet']);
    expect(layout.sets).not.toContain('macs');
    expect(layout.replacement + layout.removal).not.toContain('bridge lxcnet');
    expect(layout.chain).not.toBe(layoutFor().chain);
  });

  it('that cannot limit each element of a set gets neither sets nor rules for bandwidth', async () => {
    const { layout, missing, unsupported } = await kernelWithout('limit rate over');
    expect([...missing]).toEqual(['bandwidth']);
    expect(unsupported).toBeUndefined();
    expect(layout.replacement).not.toMatch(/bandwidth|throttled|over_/);
    expect(layout.replacement).toContain('chain guard');
  });

  it('that cannot log gets no rule that logs, nor a set for it', async () => {
    const { layout, missing } = await kernelWithout('log prefix');
    expect([...missing]).toEqual(['denied-log']);
    expect(layout.replacement).not.toMatch(/\blog\b|logged/);
  });

  it.each([
    ['fib daddr', 'lookups of local addresses (NFT_FIB_INET)'],
    ['flags interval', 'sets of networks with ports (Linux 5.6)'],
    ['masquerade', 'address translation (NFT_NAT, NFT_MASQ)'],
  ])('without %s is told apart', async (word, name) => {
    expect((await kernelWithout(word)).unsupported).toBe(`this kernel does not support ${name}`);
  });

  it('of which nobody knows why is quoted', async () => {
    expect((await kernelWithout('chain martians')).unsupported).toBe(
      'this kernel does not support Could not process rule: Operation not supported',
    );
  });

  it('that one may not ask is taken for able', async () => {
    const features = await probeFeatures({
      check: () => Promise.resolve('Operation not permitted (you must be root)'),
    });
    expect(features).toEqual({ layout: layoutFor(), missing: new Set() });
  });
});
