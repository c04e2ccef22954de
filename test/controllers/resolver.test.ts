import { describe, expect, it } from 'vitest';
import { planBridge } from '../../controllers/bridge.ts';
import { planResolverRemovals } from '../../controllers/resolver.ts';
import type { Plan } from '../../controllers/plan.ts';
import type { Bridge } from '../../src/api/bridge.ts';
import { bridgeMacOf } from '../../src/api/naming.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { ResolverView, ResolversView } from '../../src/kernel/observed.ts';
import { SERVICES } from '../../src/resolver/config.ts';
import { desiredResolver } from '../../src/resolver/files.ts';
import { bridge, link } from '../support/manifests.ts';
import { device, input, lines, manifests, view } from './fixture.ts';

const BOTH = { dns: {}, dhcp: {} };
const LINKS = [link('vm1', 'a', 10), link('vm2', 'b', 11)];

type Found = Readonly<Record<string, ResolverView>>;

/** The plan for the first Bridge, which is there with the number 7, where this is what runs. */
function plan(
  documents: readonly object[],
  found: Found,
  { installed = true, alias = 'lxcnet:Bridge/br0' } = {},
): Plan {
  const desired = manifests(...documents);
  const { resource } = desired[0] as Manifest<Bridge>;
  const made = device('br0', {
    index: 7,
    kind: 'bridge',
    alias,
    mac: bridgeMacOf(resource),
    addresses: ['10.10.20.1/24', 'fd00:20::1/64'],
  });
  const resolvers: ResolversView = { installed, found: new Map(Object.entries(found)) };
  return planBridge(desired[0] as Manifest<Bridge>, input(desired, { host: view([made]), resolvers }));
}

/** What is found where all is as these manifests say. */
function running(...documents: readonly object[]): Found {
  const desired = manifests(...documents);
  const map = new Map(desired.map((manifest) => [manifest.key, manifest]));
  const found = SERVICES.flatMap((service) => {
    const wanted = desiredResolver(desired[0]!.resource as Bridge, service, map);
    if (!wanted) return [];
    const { config, data } = wanted;
    return [[`br0/${service}`, { running: { config, interfaceIndex: 7 }, data }] as const];
  });
  return Object.fromEntries(found);
}

const START = ['dns', 'dhcp'].map((service) => `resolve: start dnsmasq of br0/${service}`);
const STOP = ['dns', 'dhcp'].map((service) => `stop-resolvers: stop dnsmasq of br0/${service}`);
const FOLLOW = ['resolve: reload dnsmasq of br0/dns', 'resolve: start dnsmasq of br0/dhcp'];

describe('the dnsmasq of a bridge', () => {
  const wanted = [bridge('br0', BOTH), ...LINKS];
  const now = running(...wanted);

  it('is left alone where it runs as it should, and is not there where nobody asks for it', () => {
    expect(lines(plan(wanted, now).operations)).toEqual([]);
    expect(lines(plan([bridge('br0'), ...LINKS], {}).operations)).toEqual([]);
  });

  const changed = (change: (view: ResolverView) => ResolverView): Found =>
    Object.fromEntries(Object.entries(now).map(([name, found]) => [name, change(found)]));

  it.each<[string, Found]>([
    ['there is none', {}],
    ['it has ended', changed(({ data }) => ({ ...(data !== undefined && { data }) }))],
    [
      'it has another configuration',
      changed((found) => ({ ...found, running: { config: 'abc', interfaceIndex: 7 } })),
    ],
    [
      'its interface was made anew',
      changed((found) => ({ ...found, running: { ...found.running!, interfaceIndex: 6 } })),
    ],
  ])('is started where %s', (_, found) => {
    const { operations } = plan(wanted, found);
    expect(lines(operations)).toEqual(START);
    // Somebody has done this, or the manifest was edited: the engine knows which.
    expect(operations.some(({ follows }) => follows)).toBe(false);
  });

  it('reads names again when links come and go, and is started again for leases', () => {
    const more = [...wanted, link('vm3', 'c', 12)];
    for (const { operations } of [plan(more, now), plan(wanted, running(...more))]) {
      expect(lines(operations)).toEqual(FOLLOW);
      expect(operations.every(({ follows }) => follows)).toBe(true);
    }
    // A link of another bridge has a name here, and no lease.
    const elsewhere = link('vm3', 'c', 12, { bridge: 'br1', addresses: ['10.10.21.12/24'] });
    expect(lines(plan([...wanted, elsewhere], now).operations)).toEqual(FOLLOW.slice(0, 1));
  });

  it('ends where its field goes, where its bridge goes, and where somebody else has a bridge of that name', () => {
    expect(lines(plan([bridge('br0'), ...LINKS], now).operations)).toEqual(STOP);
    expect(lines(plan([bridge('br0', { dns: {} }), ...LINKS], now).operations)).toEqual(STOP.slice(1));
    const taken = plan(wanted, now, { alias: 'lxcnet:Bridge/other' });
    expect(lines(taken.operations)).toEqual(STOP);
    expect(taken.obstacle?.reason).toBe('NameConflict');
    const found = new Map(Object.entries(now));
    expect(lines(planResolverRemovals(input([], { resolvers: { found } })))).toEqual(STOP);
    expect(planResolverRemovals(input(manifests(...wanted), { resolvers: { found } }))).toEqual([]);
  });

  it('that is not installed is told, and what already runs goes on', () => {
    const missing = plan(wanted, {}, { installed: false });
    expect(missing.operations).toEqual([]);
    expect(missing.obstacle).toMatchObject({ reason: 'ProgramNotFound', stalled: false });
    expect(missing.obstacle?.message).toContain('install dnsmasq-base');
    const names = [bridge('br0', { dns: {} }), ...LINKS];
    const goesOn = plan([...names, link('vm3', 'c', 12)], running(...names), { installed: false });
    expect(lines(goesOn.operations)).toEqual(FOLLOW.slice(0, 1));
    expect(goesOn.obstacle).toBeUndefined();
  });

  it('that has failed is not started again before its time, unless the manifest is another', () => {
    const problem = { config: now['br0/dns']!.running!.config, message: 'no memory' };
    const failed = plan(wanted, { ...now, 'br0/dns': { problem } });
    expect(failed.operations).toEqual([]);
    expect(failed.obstacle).toEqual({
      reason: 'ResolverFailed',
      message: 'dnsmasq: no memory',
      stalled: false,
    });
    const edited = plan([bridge('br0', { dns: { upstream: 'Host' } }), ...LINKS], { 'br0/dns': { problem } });
    expect(lines(edited.operations)).toEqual(START.slice(0, 1));
  });

  it('says which links have no name', () => {
    const long = link('a'.repeat(64), 'c', 12, {}, { labels: {} });
    const { notes } = plan([...wanted, long], running(...wanted, long));
    expect(notes?.map(({ reason }) => reason)).toEqual(['NameTooLong']);
  });
});
