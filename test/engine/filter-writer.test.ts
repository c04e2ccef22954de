import { beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import type { Link } from '../../src/api/link.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { FilterWriter } from '../../src/engine/filter-writer.ts';
import type { Observed } from '../../src/kernel/observed.ts';
import { elementDifference, textsOf } from '../../src/netfilter/difference.ts';
import { ElementCollector, type ElementTable } from '../../src/netfilter/elements.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { device, view } from '../controllers/fixture.ts';
import { key, manifest } from '../netfilter/fixture.ts';

const BRIDGE = key('Bridge/br0');
const [VM1, VM2] = [key('Link/default/vm1'), key('Link/default/vm2')];
const POLICY = key('NetworkPolicy/default/p');

const link = (name: string): Manifest<Link> =>
  manifest({
    apiVersion: 'lxcnet.dev/v1alpha1',
    kind: 'Link',
    metadata: { name },
    spec: { bridge: 'br0', container: { netns: name }, addresses: ['10.0.0.9/24'] },
  } as never);
const LINKS = [link('vm1'), link('vm2')];

/** A bridge with two links; the policy of the first allows this port. */
function table(port: number, ports: readonly string[] = ['lx-vm1', 'lx-vm2']): ElementTable {
  const collector = new ElementCollector();
  collector.add(BRIDGE, 'bridges', ['br0']);
  for (const [index, owner] of [VM1, VM2].entries()) {
    collector.add(owner, 'link_ports', [ports[index]!]);
    collector.add(owner, 'ingress4', [`10.0.0.${index}`], [`${index + 1}:1`]);
  }
  collector.add(POLICY, 'port', ['1:1', '6', String(port)]);
  return collector.table();
}

/** Carries out what has none of these texts in it. */
class FakeNft {
  refused: readonly string[] = [];
  readonly applied: string[] = [];
  checks = 0;

  apply(transaction: string): Promise<string | undefined> {
    const words = this.#words(transaction);
    if (words === undefined) this.applied.push(transaction);
    return Promise.resolve(words);
  }

  check(transaction: string): Promise<string | undefined> {
    this.checks++;
    return Promise.resolve(this.#words(transaction));
  }

  #words(transaction: string): string | undefined {
    const text = this.refused.find((one) => transaction.includes(one));
    return text && `no ${text}`;
  }
}

describe('a change of the filter that is refused', () => {
  let nft: FakeNft;
  let writer: FilterWriter;
  let inForce: ElementTable | undefined;
  let interfaces: ReturnType<typeof device>[];

  beforeEach(() => {
    nft = new FakeNft();
    inForce = undefined;
    interfaces = [];
    writer = newWriter();
  });

  function newWriter(): FilterWriter {
    const silent = { invalidate: () => undefined, replaceNetfilter: () => undefined };
    return new FilterWriter({ view: silent, nft, layout: layoutFor() });
  }

  /** One pass; what is postponed is not tried. */
  async function pass(
    desired: ElementTable,
    { postponed = [] as readonly Key[], gone = [] as readonly Key[], lost = inForce === undefined } = {},
  ): Promise<string | undefined> {
    writer.retry(new Set(postponed));
    const elements = textsOf(inForce ?? new Map());
    const observed = {
      host: view(interfaces),
      netfilter: { skeleton: lost ? 'absent' : 'present', elements },
    } as unknown as Observed;
    const difference = elementDifference(desired, lost ? new Map() : elements);
    const filter = writer.due({ desired, difference, replaceTables: lost, complete: true });
    if (!lost && filter.difference.additions.length + filter.difference.removals.length === 0)
      return undefined;
    const { error } = await writer.write(filter, observed, (one) => !gone.includes(one));
    if (error !== undefined) return error;
    inForce = writer.inForce;
    // A second look in the same pass: there is nothing left that could be done now.
    const left = elementDifference(desired, textsOf(inForce!));
    const again = writer.due({ desired, difference: left, replaceTables: false, complete: true });
    expect(again.difference).toEqual({ additions: [], removals: [] });
    return undefined;
  }

  const refusals = (): readonly (readonly [Key, string])[] =>
    [...writer.refusals(LINKS)].map(([one, { object, words }]) => [one, `${object}: ${words}`]);
  const inSet = (set: 'link_ports' | 'port' | 'ingress4' | 'bridges'): string[] => [
    ...(inForce?.get(set)?.keys() ?? []),
  ];

  it('keeps back what one link has, names the element, and puts everything else in force', async () => {
    nft.refused = ['"lx-vm1"'];
    expect(await pass(table(80))).toBeUndefined();
    expect(refusals()).toEqual([[VM1, 'netfilter: link_ports { "lx-vm1" } of Link/vm1: no "lx-vm1"']]);
    expect(writer.refusals(LINKS).get(VM1)!.protects).toBe(true);
    expect([inSet('link_ports'), inSet('ingress4')]).toEqual([['"lx-vm2"'], ['10.0.0.1']]);
    expect(nft.applied).toHaveLength(1);
  });

  it('is not tried again before it is its turn, while others are; and then comes in force', async () => {
    nft.refused = ['"lx-vm1"'];
    await pass(table(80));
    const { checks } = nft;
    expect(await pass(table(81), { postponed: [VM1] })).toBeUndefined();
    expect([nft.checks, inSet('port')]).toEqual([checks, ['1:1 . 6 . 81']]);
    expect(refusals()).toHaveLength(1);
    await pass(table(81));
    expect(nft.checks).toBeGreaterThan(checks);
    expect(refusals()).toHaveLength(1);
    nft.refused = [];
    await pass(table(81));
    expect([refusals(), inSet('link_ports')]).toEqual([[], ['"lx-vm1"', '"lx-vm2"']]);
  });

  it('leaves what was in force before, of the policy and of nobody else', async () => {
    await pass(table(80));
    nft.refused = ['6 . 81'];
    expect(await pass(table(81, ['lx-vm1', 'veth2']))).toBeUndefined();
    expect(refusals()).toEqual([[POLICY, 'netfilter: port { 1:1 . 6 . 81 } of NetworkPolicy/p: no 6 . 81']]);
    expect(writer.refusals(LINKS).get(POLICY)!.protects).toBe(false);
    expect([inSet('port'), inSet('link_ports')]).toEqual([['1:1 . 6 . 80'], ['"lx-vm1"', '"veth2"']]);
  });

  it('is over where nothing of it is wanted any more', async () => {
    await pass(table(80));
    nft.refused = ['6 . 81'];
    await pass(table(81));
    expect(refusals()).toHaveLength(1);
    await pass(table(80));
    expect(refusals()).toEqual([]);
  });

  it('of a bridge is told of its links, too, and is refused as a whole where the bridge is there', async () => {
    nft.refused = ['{ "br0" }'];
    expect(await pass(table(80))).toBeUndefined();
    expect(refusals().map(([one]) => one)).toEqual([BRIDGE, VM1, VM2]);
    expect(writer.refusals(LINKS).get(VM2)!.protects).toBe(true);
    expect(inSet('bridges')).toEqual([]);
    interfaces = [device('br0', { alias: `lxcnet:${BRIDGE}` })];
    const { applied } = nft;
    applied.splice(0);
    expect(await pass(table(80), { lost: true })).toBe('no { "br0" }');
    expect(applied).toEqual([]);
  });

  it('is refused as a whole where nobody can be told of it', async () => {
    nft.refused = ['"lx-vm1"'];
    expect(await pass(table(80), { gone: [VM1] })).toBe('no "lx-vm1"');
    expect([nft.applied, refusals()]).toEqual([[], []]);
  });

  it('is refused as a whole where it is not known whose it is what has to go; then the tables are made anew', async () => {
    await pass(table(80));
    writer = newWriter();
    nft.refused = ['delete element'];
    expect(await pass(table(81))).toBe('no delete element');
    nft.applied.splice(0);
    expect(await pass(table(81))).toBeUndefined();
    expect(nft.applied).toHaveLength(1);
    expect(nft.applied[0]).toContain('delete table inet lxcnet');
    expect(inSet('port')).toEqual(['1:1 . 6 . 81']);
  });
});
