import { describe, expect, it } from 'vitest';
import { planLink } from '../../controllers/link.ts';
import type { Link } from '../../src/api/link.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { link } from '../support/manifests.ts';
import { claim } from './claims.ts';
import { device, input, lines, manifests } from './fixture.ts';
import { ADOPT, BR0, HOST_END, INSIDE, MADE, type Scene, VM1, plan } from './link-scene.ts';

describe('what is in the way', () => {
  it('is an interface inside that leads somewhere else', () => {
    const { operations, obstacle } = plan({ inside: { ...INSIDE, peerIndex: 99 } });
    expect(operations).toEqual([]);
    expect(obstacle).toMatchObject({ reason: 'NameConflict', stalled: true });
  });

  it('is an interface inside whose other end here belongs to another pair', () => {
    const { obstacle } = plan({ ...MADE, host: [{ ...HOST_END, peerIndex: 99 }] });
    expect(obstacle).toMatchObject({ reason: 'NameConflict' });
  });

  it('is an interface of the host with the name that the link would get', () => {
    const { operations, obstacle } = plan({ host: [device('lx-vm1', { index: 7 })] });
    expect(operations).toEqual([]);
    expect(obstacle!.message).toContain("interface 'lx-vm1' exists and is not lxcnet's");
  });

  it('is a pair of somebody else, unless it may be taken over', () => {
    const { master: _, ...foreign } = { ...HOST_END, alias: '' };
    expect(plan({ ...MADE, host: [foreign] }).obstacle).toMatchObject({ reason: 'NameConflict' });
    const taken = plan({ ...MADE, host: [foreign], metadata: ADOPT });
    expect(taken.obstacle).toBeUndefined();
    expect(lines(taken.operations)[0]).toBe(`mark: ip link set dev lx-vm1 alias lxcnet:${VM1}`);
  });

  it('is a pair of another Link even of who may take over', () => {
    const other = { ...HOST_END, alias: 'lxcnet:Link/default/vm2' };
    expect(plan({ ...MADE, host: [other], metadata: ADOPT }).obstacle!.message).toContain(
      'is that of Link/default/vm2',
    );
  });

  it('is not a pair that LXC made for this container on this bridge', () => {
    const lxc = { ...HOST_END, alias: '', isolated: false };
    const spec = { container: { lxc: 'vm1' } };
    expect(lines(plan({ ...MADE, host: [lxc], spec }).operations)).toEqual([
      `mark: ip link set dev lx-vm1 alias lxcnet:${VM1}`,
      'configure: ip link set dev lx-vm1 type bridge_slave isolated on',
      'container: ip neighbour flush dev eth0',
    ]);
  });

  it('is not a pair that a crash left without its mark', () => {
    const half = { ...HOST_END, alias: '' };
    const claims = [claim(VM1, 'interface', 'lx-vm1')];
    expect(plan({ ...MADE, host: [half], claims }).obstacle).toBeUndefined();
  });
});

describe('what a link refers to', () => {
  it.each<[string, Scene, string]>([
    ['its container', { container: { state: 'absent', reason: 'gone' } }, 'ContainerNotRunning'],
    ["its bridge's interface", { br0: { ...BR0, alias: '' } }, 'NotReady'],
  ])('is waited for: %s', (_, scene, reason) => {
    const { operations, obstacle, references } = plan(scene);
    expect(operations).toEqual([]);
    expect(obstacle).toMatchObject({ reason, stalled: false });
    expect(references).toMatchObject({ status: 'False', reason });
  });

  it('is waited for: its Bridge', () => {
    const [alone] = manifests(link('vm1', 'vm1', 10)) as [Manifest<Link>];
    expect(planLink(alone, input([alone])).obstacle).toMatchObject({ reason: 'NotFound', stalled: false });
  });

  it('may be a bridge that is about to be made', () => {
    expect(plan({ br0: undefined }).operations.length).toBeGreaterThan(0);
  });

  it('must not be a container in the namespace of the host', () => {
    const { obstacle } = plan({ container: { state: 'unusable', reason: 'shared' } });
    expect(obstacle).toEqual({ reason: 'InvalidSpec', message: 'shared', stalled: true });
  });
});
