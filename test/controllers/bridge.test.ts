import { describe, expect, it } from 'vitest';
import { planBridge } from '../../controllers/bridge.ts';
import type { Bridge } from '../../src/api/bridge.ts';
import { bridgeMacOf } from '../../src/api/naming.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { bridge } from '../support/manifests.ts';
import { device, input, lines, manifests, view } from './fixture.ts';

const one = (spec: object = {}, metadata: object = {}): Manifest<Bridge> =>
  manifests(bridge('br0', spec as never, metadata as never))[0] as Manifest<Bridge>;
const mac = bridgeMacOf(one().resource);
const made = device('br0', {
  kind: 'bridge',
  alias: 'lxcnet:Bridge/br0',
  mac,
  addresses: ['10.10.20.1/24', 'fd00:20::1/64'],
});

describe('planBridge', () => {
  it('makes a bridge in order: create, mark, configure, up', () => {
    const { operations } = planBridge(one(), input([one()]));
    expect(lines(operations)).toEqual([
      `create: ip link add name br0 address ${mac} type bridge`,
      'mark: ip link set dev br0 alias lxcnet:Bridge/br0',
      'mark: ip link set dev br0 addrgenmode none',
      'configure: ip link set dev br0 mtu 1500',
      'configure: ip address add 10.10.20.1/24 dev br0',
      'configure: ip address add fd00:20::1/64 dev br0 nodad',
      expect.stringMatching(/^configure: ip address add fe80::.*\/64 dev br0 nodad$/),
      'activate: ip link set dev br0 up',
    ]);
    expect(operations[0]?.claim).toEqual({ owner: 'Bridge/br0', object: 'interface', id: 'br0' });
  });

  it('does nothing where everything is as wanted', () => {
    expect(planBridge(one(), input([one()], { host: view([made]) })).operations).toEqual([]);
  });

  it.each([
    [{ mac: '02:00:00:00:00:99' }, 'configure: ip link set dev br0 address'],
    [{ mtu: 1400 }, 'configure: ip link set dev br0 mtu 1500'],
    [{ up: false }, 'activate: ip link set dev br0 up'],
    [{ addresses: ['10.10.20.1/24'] }, 'configure: ip address add fd00:20::1/64'],
    [{ linkLocal: false }, 'configure: ip address add fe80::'],
  ])('puts %j right, and nothing else', (drift, line) => {
    const { operations } = planBridge(one(), input([one()], { host: view([{ ...made, ...drift }]) }));
    expect(lines(operations)).toEqual([expect.stringContaining(line) as string]);
  });

  it("leaves somebody else's interface alone", () => {
    for (const foreign of [
      device('br0', { kind: 'bridge' }),
      device('br0', { kind: 'veth' }),
      { ...made, alias: 'lxcnet:Bridge/other' },
    ]) {
      const plan = planBridge(one(), input([one()], { host: view([foreign]) }));
      expect(plan.operations).toEqual([]);
      expect(plan.obstacle).toMatchObject({ reason: 'NameConflict', stalled: true });
    }
  });

  it('takes over a bridge only where it is asked to, and never what is no bridge', () => {
    const asked = one({}, { annotations: { 'lxcnet.dev/adopt': 'true' } });
    expect(
      lines(
        planBridge(asked, input([asked], { host: view([device('br0', { kind: 'bridge', mac })]) }))
          .operations,
      ),
    ).toContain('mark: ip link set dev br0 alias lxcnet:Bridge/br0');
    expect(planBridge(asked, input([asked], { host: view([device('br0')]) })).operations).toEqual([]);
  });

  it('takes back what a crash left without its mark', () => {
    const half = { ...made, alias: '' };
    const claims = [{ owner: one().key, object: 'interface' as const, id: 'br0' }];
    expect(lines(planBridge(one(), input([one()], { host: view([half]), claims })).operations)).toEqual([
      'mark: ip link set dev br0 alias lxcnet:Bridge/br0',
    ]);
  });

  it('removes only the addresses that it added itself', () => {
    const host = view([{ ...made, addresses: [...made.addresses, '10.1.0.1/24', '10.2.0.1/24'] }]);
    const claims = [{ owner: one().key, object: 'address' as const, id: '10.1.0.1/24 dev br0' }];
    expect(lines(planBridge(one(), input([one()], { host, claims })).operations)).toEqual([
      'configure: ip address delete 10.1.0.1/24 dev br0',
    ]);
  });

  it('waits for a port that is not there, and does not take one from another bridge', () => {
    const wanted = one({ ports: ['eth1'] });
    expect(planBridge(wanted, input([wanted], { host: view([made]) })).obstacle).toMatchObject({
      reason: 'NotFound',
      stalled: false,
    });
    expect(
      planBridge(wanted, input([wanted], { host: view([made, device('eth1', { master: 'br9' })]) })).obstacle,
    ).toMatchObject({ reason: 'NameConflict' });
    expect(
      lines(planBridge(wanted, input([wanted], { host: view([made, device('eth1')]) })).operations),
    ).toEqual(['configure: ip link set dev eth1 master br0']);
  });
});
