import { expect, it } from 'vitest';
import { FULL, Scene } from '../support/fault-scene.ts';

const ROUNDS = FULL ? 100 : 16;
/** Milliseconds, in which a repair is mostly over. */
const LONGEST_PAUSE = 24;

/** What is broken first, what is broken while that is put right, and what shows both. */
const PAIRS: readonly (readonly [where: string, first: string, then: string, see: string])[] = [
  [
    'in the container',
    'ip route delete default',
    'ip route replace default via 10.10.20.1 metric 50 proto 199',
    'ip route show default',
  ],
  [
    'on the host',
    'ip route delete 10.30.0.0/16',
    'ip link set lx-vm1 type bridge_slave isolated off',
    'ip route show proto 199; ip -d link show dev lx-vm1 | grep -o "isolated [a-z]*"',
  ],
];

it.each(PAIRS)(
  'what is changed %s while a repair is under way is put right, too',
  async (where, first, then, see) => {
    await using scene = new Scene();
    await scene.start();
    const netns = where === 'on the host' ? scene.host : scene.vm1;
    const look = (): string => netns.exec('sh', '-c', see);
    const wanted = look();
    for (let round = 0; round < ROUNDS; round++) {
      const pause = ((round * LONGEST_PAUSE) / ROUNDS / 1000).toFixed(3);
      const inject = (): string => netns.exec('sh', '-c', `${first}; sleep ${pause}; ${then}`);
      await scene.heals(`${where}: ${first}, ${pause} s later ${then}`, look, inject);
      // What is broken so often would be contested: whoever reconciles begins anew.
      await scene.lab.ready();
    }
    expect(look()).toBe(wanted);
  },
);
