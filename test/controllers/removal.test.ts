import { describe, expect, it } from 'vitest';
import { planForwarding, sysctlPaths } from '../../controllers/forwarding.ts';
import { findLeftovers, planRemoval } from '../../controllers/removal.ts';
import type { Claim } from '../../src/kernel/command.ts';
import { bridge, forward, route } from '../support/manifests.ts';
import { device, input, lines, manifests, view } from './fixture.ts';

const claim = (owner: string, object: Claim['object'], id: string, before?: string): Claim => ({
  owner: owner as Claim['owner'],
  object,
  id,
  ...(before !== undefined && { before }),
});

describe('planRemoval', () => {
  it('needs the mark and the inventory to remove an interface', () => {
    const ours = device('br0', { kind: 'bridge', alias: 'lxcnet:Bridge/br0' });
    const claims = [claim('Bridge/br0', 'interface', 'br0')];
    expect(lines(planRemoval('Bridge/br0' as never, input([], { host: view([ours]), claims })))).toEqual([
      'remove-bridges: ip link delete dev br0',
    ]);
    const unmarked = planRemoval(
      'Bridge/br0' as never,
      input([], { host: view([{ ...ours, alias: '' }]), claims }),
    );
    expect(lines(unmarked)).toEqual([]);
    expect(unmarked.map(({ release }) => release)).toEqual(claims);
    expect(findLeftovers(input([], { host: view([ours]) }))).toMatchObject({
      removable: [],
      orphans: [{ text: 'interface br0 (lxcnet:Bridge/br0)' }],
    });
  });

  it('removes a route only where it is of our protocol', () => {
    const claims = [claim('Route/r', 'route', '4 10.0.0.0/8 table 254 metric 0')];
    const route = {
      family: 4 as const,
      to: '10.0.0.0/8',
      type: 'unicast',
      table: 254,
      metric: 0,
      via: '10.9.0.1',
    };
    const planned = (protocol: string): string[] =>
      lines(planRemoval('Route/r' as never, input([], { host: view([], [{ ...route, protocol }]), claims })));
    expect(planned('199')).toEqual([
      'remove-routes: ip route delete 10.0.0.0/8 via 10.9.0.1 table 254 proto 199',
    ]);
    expect(planned('static')).toEqual([]);
  });

  it('removes orphans on request, but not what carries a mark that is none of ours', () => {
    const host = view([
      device('a', { kind: 'veth', alias: 'lxcnet:Link/default/a' }),
      device('b', { alias: 'lxcnet:something/else/entirely' }),
    ]);
    const { orphans } = findLeftovers(input([], { host }));
    expect(orphans.map(({ removal }) => removal && lines([removal]))).toEqual([
      ['remove-links: ip link delete dev a'],
      undefined,
    ]);
  });

  it('takes routes of our protocol for orphans that neither manifests nor the inventory know', () => {
    const marked = (to: string, protocol = '199') => ({
      family: 4 as const,
      to,
      type: 'unicast',
      table: 254,
      metric: 0,
      protocol,
      via: '10.9.0.1',
      interface: 'eth0',
    });
    const routes = [
      marked('10.1.0.0/16'),
      marked('10.2.0.0/16'),
      marked('10.3.0.0/16'),
      marked('10.4.0.0/16', 'static'),
    ];
    const { orphans } = findLeftovers(
      input(manifests(route('r', { to: '10.2.0.0/16', via: '10.9.0.1' })), {
        host: view([], routes),
        claims: [claim('Route/gone', 'route', '4 10.3.0.0/16 table 254 metric 0')],
      }),
    );
    expect(orphans.map(({ text }) => text)).toEqual(['route 10.1.0.0/16 via 10.9.0.1 dev eth0']);
    expect(lines(orphans.flatMap(({ removal }) => removal ?? []))).toEqual([
      'remove-routes: ip route delete 10.1.0.0/16 via 10.9.0.1 dev eth0 table 254 proto 199',
    ]);
  });
});

describe('planForwarding', () => {
  const eth0 = device('eth0', { addresses: ['192.168.254.19/24'] });
  const eth1 = device('eth1', { addresses: ['172.16.0.1/24'] });
  const off = {
    'net/ipv4/ip_forward': '0',
    'net/ipv6/conf/all/forwarding': '0',
    'net/ipv4/conf/eth0/forwarding': '0',
    'net/ipv6/conf/eth0/force_forwarding': '0',
    'net/ipv6/conf/eth0/accept_ra': '1',
  };
  const wanted = manifests(bridge('br0'), forward('f', 'vm1', [{ port: 80 }]));

  it('switches forwarding on for the interfaces on the way, guards them, and leaves the others', () => {
    const plan = planForwarding(input(wanted, { host: view([eth0, eth1]), sysctls: off }));
    expect(lines(plan.operations)).toEqual([
      'sysctl: net/ipv4/conf/eth0/forwarding=1',
      'sysctl: net/ipv6/conf/eth0/force_forwarding=1',
    ]);
    expect([...plan.guarded[4].keys(), ...plan.guarded[6].keys()]).toEqual(['eth0', 'eth0']);
    expect(plan.operations[0]?.claim).toMatchObject({ object: 'sysctl', before: '0' });
  });

  it('guards nothing on a host that was a router before', () => {
    const plan = planForwarding(
      input(wanted, {
        host: view([eth0]),
        sysctls: {
          ...off,
          'net/ipv4/ip_forward': '1',
          'net/ipv4/conf/eth0/forwarding': '1',
          'net/ipv6/conf/all/forwarding': '1',
        },
      }),
    );
    expect([...plan.guarded[4].keys(), ...plan.guarded[6].keys()]).toEqual([]);
    expect(lines(plan.operations)).toEqual(['sysctl: net/ipv6/conf/eth0/force_forwarding=1']);
  });

  it('on a kernel without force_forwarding keeps router advertisements, and guards every interface', () => {
    const { 'net/ipv6/conf/eth0/force_forwarding': _, ...older } = off;
    const learnt = {
      family: 6 as const,
      to: '::/0',
      type: 'unicast',
      table: 254,
      metric: 1024,
      protocol: 'ra',
      via: 'fe80::1',
      interface: 'eth0',
    };
    const plan = planForwarding(input(wanted, { host: view([eth0, eth1], [learnt]), sysctls: older }));
    expect(lines(plan.operations)).toEqual([
      'sysctl: net/ipv4/conf/eth0/forwarding=1',
      'sysctl: net/ipv6/conf/eth0/accept_ra=2',
      'sysctl: net/ipv6/conf/all/forwarding=1',
    ]);
    expect([...plan.guarded[6].keys()]).toEqual(['eth0', 'eth1']);
  });

  it('gives back what it switched on, but not where somebody else has decided meanwhile', () => {
    const claims = [claim('Bridge/br0', 'sysctl', 'net/ipv4/conf/eth0/forwarding', '0')];
    const on = { ...off, 'net/ipv4/conf/eth0/forwarding': '1' };
    expect(lines(planForwarding(input([], { host: view([eth0]), sysctls: on, claims })).operations)).toEqual([
      'restore: net/ipv4/conf/eth0/forwarding=0',
    ]);
    const overruled = planForwarding(
      input([], { host: view([eth0]), sysctls: { ...on, 'net/ipv4/ip_forward': '1' }, claims }),
    );
    expect(lines(overruled.operations)).toEqual([]);
    expect(overruled.operations.map(({ release }) => release)).toEqual(claims);
  });

  it('looks at the sysctls that it may have to give back', () => {
    const claims = [claim('Bridge/br0', 'sysctl', 'net/ipv4/conf/eth7/forwarding', '0')];
    expect(sysctlPaths(new Map(), view([]), input([], { claims }).claims)).toContain(
      'net/ipv4/conf/eth7/forwarding',
    );
  });
});
