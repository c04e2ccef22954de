import { expect, it } from 'vitest';
import { FULL, Scene, manifests, record } from '../support/fault-scene.ts';
import { bridge, forward, link, policy, route } from '../support/manifests.ts';
import { CLIENT } from '../support/lab-network.ts';
import { kernelState } from '../support/kernel-state.ts';
import type { NetNs } from '../support/netns.ts';
import { traces } from '../support/traces.ts';

const KILLS = FULL ? 200 : 12;

/** A number below another; the same ones in each run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** What an edit may add to what is always there. */
function extras(vm1: NetNs, vm2: NetNs): readonly object[] {
  return [
    bridge('br1', { addresses: ['10.10.21.1/24', 'fd00:21::1/64'], masquerade: {} }),
    link('second', vm1.name, 50, {
      bridge: 'br1',
      interface: 'eth1',
      addresses: ['10.10.21.50/24', 'fd00:21::50/64'],
      gateway: 'None',
    }),
    link('third', vm2.name, 60, {
      bridge: 'br1',
      interface: 'eth1',
      addresses: ['10.10.21.60/24', 'fd00:21::60/64'],
      gateway: 'None',
      routes: [{ to: '10.66.0.0/16', via: '10.10.21.1' }],
    }),
    route('r1', { to: '10.31.0.0/16', via: CLIENT }),
    route('r2', { to: 'fd31::/32', type: 'Blackhole' }),
    forward('extra', 'vm1', [{ port: 8080, targetPort: 80 }]),
    policy('extra', 'vm2', { ingress: [{ ports: [{ port: 8443 }] }] }),
  ];
}

it(`${KILLS} kills during edits always end as the manifests say, with nothing left over`, async () => {
  await using scene = new Scene();
  const { lab, vm1, vm2 } = scene;
  const untouched = kernelState(lab.host);
  await scene.start();
  scene.drip();
  const next = random(Number(process.env.SEED ?? 1));
  const always = manifests(vm1, vm2);
  const more = extras(vm1, vm2);
  for (let kill = 0; kill < KILLS; kill++) {
    // The last one leaves something of each, so that the comparison has something to compare.
    const chosen = more.filter((_, index) => (kill === KILLS - 1 ? index !== 1 : next(2) === 0));
    lab.write('a.yaml', ...always, ...chosen);
    await new Promise((resolve) => setTimeout(resolve, next(FULL ? 700 : 300)));
    await lab.stop('SIGKILL');
    await lab.start();
    record({ fault: 'SIGKILL during an edit', survived: true });
  }
  const started = performance.now();
  lab.cli('reconcile', '--allow-prune');
  await lab.ready();
  const leaked = scene.leaked();

  await lab.eventually('removals have been certain for long enough', () => {
    lab.cli('reconcile');
    return !lab.host.run(['ip', '-br', 'link']).stdout.includes('lx-second');
  });
  const after = traces(lab, [vm1, vm2]);
  await lab.stop();
  expect(lab.cli('teardown').status).toBe(0);
  // A fresh start on this host would not show what the teardown does not know of.
  expect(kernelState(lab.host)).toEqual(untouched);
  await lab.start();
  await lab.ready();
  const fresh = traces(lab, [vm1, vm2]);
  expect(after).toEqual(fresh);
  record({
    fault: `what ${KILLS} kills during edits left to do`,
    healed: performance.now() - started,
    leaked,
    lost: 0,
  });
});
