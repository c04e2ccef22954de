import { describe, expect, it } from 'vitest';
import { planRoute } from '../../controllers/route.ts';
import { routeArguments, routeDeletion, sameRoute } from '../../controllers/route-text.ts';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { Route } from '../../src/api/route.ts';
import type { Claim } from '../../src/kernel/command.ts';
import type { ObservedRoute } from '../../src/kernel/observed.ts';
import { route } from '../support/manifests.ts';
import { claim, claimed, observedRoute, released } from './claims.ts';
import { input, lines, manifests, view } from './fixture.ts';

interface Scene {
  readonly routes?: readonly ObservedRoute[];
  readonly claims?: readonly Claim[];
}

function plan(spec: object, { routes = [], claims = [] }: Scene = {}, annotations: object = {}) {
  const document = route('lab', spec as never);
  const [wanted] = manifests({ ...document, metadata: { name: 'lab', annotations } });
  return planRoute(wanted as Manifest<Route>, input([wanted!], { host: view([], routes), claims }));
}

const LAB = { to: '10.30.0.0/16', via: '10.10.20.20' };
const KEY = 'Route/lab' as Key;
const ADOPT = { 'lxcnet.dev/adopt': 'true' };

describe('a route that is not there', () => {
  it.each<[string, object, string]>([
    ['by its next hop', LAB, '10.30.0.0/16 via 10.10.20.20 table 254 proto 199'],
    [
      'with everything',
      { ...LAB, interface: 'br0', source: '10.10.20.1', metric: 100, table: 7, mtu: 1400 },
      '10.30.0.0/16 via 10.10.20.20 dev br0 src 10.10.20.1 metric 100 table 7 proto 199 mtu 1400',
    ],
    ['that refuses', { to: '10.30.0.0/16', type: 'Blackhole' }, 'blackhole 10.30.0.0/16 table 254 proto 199'],
    ['for a default', { to: 'default', via: '10.0.0.1' }, '0.0.0.0/0 via 10.0.0.1 table 254 proto 199'],
    [
      'with several next hops',
      {
        to: '10.30.0.0/16',
        nextHops: [{ via: '10.0.0.1' }, { via: '10.0.0.2', interface: 'br0', weight: 3 }],
      },
      '10.30.0.0/16 table 254 proto 199 nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 dev br0 weight 3',
    ],
    [
      'with one next hop as a plain one',
      { to: '10.30.0.0/16', nextHops: [{ via: '10.0.0.1', weight: 9 }] },
      '10.30.0.0/16 via 10.0.0.1 table 254 proto 199',
    ],
  ])('is added %s', (_, spec, text) => {
    expect(lines(plan(spec).operations)).toEqual([`route: ip route add ${text}`]);
  });

  it('is added once per family where it is a default without an address', () => {
    expect(lines(plan({ to: 'default', interface: 'eth0' }).operations)).toEqual([
      'route: ip route add 0.0.0.0/0 dev eth0 table 254 proto 199',
      'route: ip route add ::/0 dev eth0 table 254 proto 199',
    ]);
  });

  it('is entered into the inventory by what the kernel tells routes apart by', () => {
    expect(claimed(plan({ ...LAB, metric: 5 }).operations)).toEqual([
      'route 4 10.30.0.0/16 table 254 metric 5',
    ]);
    expect(claimed(plan({ to: 'fd00:9::/48', via: 'fd00:20::2' }).operations)).toEqual([
      'route 6 fd00:9::/48 table 254 metric 1024',
    ]);
  });
});

describe('a route that is there', () => {
  it('needs nothing, whatever device and source the kernel chose', () => {
    const routes = [
      observedRoute('10.30.0.0/16', { via: '10.10.20.20', interface: 'br0', source: '10.10.20.1' }),
    ];
    const claims = [claim(KEY, 'route', '4 10.30.0.0/16 table 254 metric 0')];
    expect(plan(LAB, { routes, claims })).toEqual({ operations: [] });
  });

  it('is entered into the inventory again where that was lost, and not touched', () => {
    const routes = [observedRoute('10.30.0.0/16', { via: '10.10.20.20' })];
    const { operations } = plan(LAB, { routes });
    expect(lines(operations)).toEqual([]);
    expect(claimed(operations)).toEqual(['route 4 10.30.0.0/16 table 254 metric 0']);
  });

  it('in another table or with another metric is another route', () => {
    const routes = [
      observedRoute('10.30.0.0/16', { via: '10.10.20.20', table: 7 }),
      observedRoute('10.30.0.0/16', { via: '10.10.20.20', metric: 7 }),
    ];
    expect(lines(plan(LAB, { routes }).operations)).toHaveLength(1);
  });

  it('with another next hop is replaced', () => {
    const routes = [observedRoute('10.30.0.0/16', { via: '10.10.20.99' })];
    const { operations } = plan(LAB, { routes });
    expect(lines(operations)).toEqual([
      'route: ip route replace 10.30.0.0/16 via 10.10.20.20 table 254 proto 199',
    ]);
    expect(operations[0]).toMatchObject({
      verb: 'update',
      field: 'route',
      from: '10.30.0.0/16 via 10.10.20.99',
      to: '10.30.0.0/16 via 10.10.20.20',
    });
  });

  it('for IPv6 with another next hop is removed before the new one is added', () => {
    const routes = [observedRoute('fd00:9::/48', { via: 'fd00:20::9', interface: 'br0' })];
    expect(lines(plan({ to: 'fd00:9::/48', via: 'fd00:20::2' }, { routes }).operations)).toEqual([
      'route: ip route delete fd00:9::/48 via fd00:20::9 dev br0 table 254 metric 1024 proto 199',
      'route: ip route add fd00:9::/48 via fd00:20::2 table 254 proto 199',
    ]);
  });

  it('of somebody else is in the way', () => {
    const routes = [observedRoute('10.30.0.0/16', { via: '10.10.20.20', protocol: 'boot' })];
    const { operations, obstacle } = plan(LAB, { routes });
    expect(operations).toEqual([]);
    expect(obstacle).toMatchObject({ reason: 'NameConflict', stalled: true });
    expect(obstacle!.message).toContain('protocol boot');
  });

  it('of somebody else is replaced by who may take over', () => {
    const routes = [observedRoute('10.30.0.0/16', { via: '10.10.20.20', protocol: 'boot' })];
    expect(lines(plan(LAB, { routes }, ADOPT).operations)).toEqual([
      'route: ip route replace 10.30.0.0/16 via 10.10.20.20 table 254 proto 199',
    ]);
  });
});

describe('a route that the manifest no longer has', () => {
  const claims = ['10.30.0.0', '10.31.0.0'].map((to) => claim(KEY, 'route', `4 ${to}/16 table 254 metric 0`));

  it("is removed where it is lxcnet's", () => {
    const routes = [observedRoute('10.30.0.0/16', { via: '10.10.20.20' }), observedRoute('10.31.0.0/16')];
    const { operations } = plan(LAB, { routes, claims });
    expect(lines(operations)).toEqual(['remove-routes: ip route delete 10.31.0.0/16 table 254 proto 199']);
    expect(released(operations)).toEqual(['route 4 10.31.0.0/16 table 254 metric 0']);
  });

  it('stays where somebody else has made one in its place', () => {
    const routes = [
      observedRoute('10.30.0.0/16', { via: '10.10.20.20' }),
      observedRoute('10.31.0.0/16', { protocol: 'static' }),
    ];
    expect(plan(LAB, { routes, claims }).operations).toEqual([]);
  });
});

describe('sameRoute', () => {
  const hops = [
    { via: '10.0.0.1', weight: 1 },
    { via: '10.0.0.2', interface: 'br0', weight: 2 },
  ];
  const wanted = observedRoute('10.30.0.0/16', { nextHops: hops });

  it('does not mind the order of next hops', () => {
    expect(sameRoute(wanted, observedRoute('10.30.0.0/16', { nextHops: [...hops].reverse() }))).toBe(true);
  });

  it.each([
    [undefined],
    [hops.slice(1)],
    [[...hops, { via: '10.0.0.3', weight: 1 }]],
    [[hops[0]!, { ...hops[1]!, weight: 3 }]],
    [[hops[0]!, { ...hops[1]!, interface: 'br1' }]],
  ])('tells %j apart', (nextHops) => {
    const other = observedRoute('10.30.0.0/16', nextHops ? { nextHops } : {});
    expect(sameRoute(wanted, other)).toBe(false);
  });

  it('takes an MTU and a next hop that nobody wants for a difference', () => {
    const plain = observedRoute('10.30.0.0/16');
    expect(sameRoute(plain, { ...plain, mtu: 1400 })).toBe(false);
    expect(sameRoute(plain, { ...plain, via: '10.0.0.1' })).toBe(false);
    expect(sameRoute(plain, { ...plain, interface: 'br0' })).toBe(true);
  });
});

describe('the text of routes', () => {
  it('says that a next hop is there, where it is off the link', () => {
    const wanted = observedRoute('0.0.0.0/0', { via: '10.0.0.1', interface: 'eth0' });
    expect(routeArguments(wanted, { onlink: true }).join(' ')).toBe(
      '0.0.0.0/0 via 10.0.0.1 dev eth0 onlink table 254 proto 199',
    );
  });

  it('leaves the next hops out of a removal', () => {
    const nextHops = [{ via: '10.0.0.1', weight: 1 }];
    expect(routeDeletion(observedRoute('10.30.0.0/16', { nextHops, metric: 5 })).join(' ')).toBe(
      '10.30.0.0/16 table 254 metric 5 proto 199',
    );
  });
});
