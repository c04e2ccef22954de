import { expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { Contention, type Fact } from '../../src/engine/contention.ts';
import { Pace } from '../../src/engine/pace.ts';

const MTU: Fact = { id: 'mtu', text: 'interface br0: mtu', owner: 'Bridge/br0' as Key, protects: false };
const ELEMENT: Fact = { id: 'element', text: 'bridges { "br0" }', protects: true };

function scene() {
  let now = 0;
  const contention = new Contention({ now: () => now });
  return {
    contention,
    sleep: (milliseconds: number) => (now += milliseconds),
    /** Corrects it until it is contested. */
    contest(fact: Fact) {
      for (let count = 0; count < 6; count++) expect(contention.corrected(fact)).toBe(false);
      expect(contention.corrected(fact)).toBe(true);
    },
  };
}

it('a fact that is corrected now and then is never held back', () => {
  const { contention, sleep } = scene();
  for (let count = 0; count < 100; count++) {
    expect(contention.corrected(MTU)).toBe(false);
    expect(contention.holdsBack('mtu')).toBe(false);
    sleep(2_500);
  }
  expect(contention.contested()).toEqual([]);
});

it('one that is rewritten again and again is tried after 1, 2, 4 … and at most 60 seconds', () => {
  const { contention, sleep, contest } = scene();
  contest(MTU);
  const delays: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    let waited = 0;
    for (; contention.holdsBack('mtu'); waited += 500) sleep(500);
    delays.push(waited);
    expect(contention.corrected(MTU)).toBe(false);
  }
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(contention.contested()).toEqual([MTU]);
});

it('what keeps containers closed is tried five times a second', () => {
  const { contention, sleep, contest } = scene();
  contest(ELEMENT);
  for (let attempt = 0; attempt < 9; attempt++) {
    expect(contention.settle()).toBe(200);
    expect(contention.holdsBack('element')).toBe(true);
    sleep(200);
    expect(contention.holdsBack('element')).toBe(false);
    contention.corrected(ELEMENT);
  }
});

it('it is forgotten when it has been right for 15 seconds, and not while it is wrong', () => {
  const { contention, sleep, contest } = scene();
  contest(MTU);
  sleep(1_000);
  contention.corrected(MTU);
  sleep(1_900);
  expect(contention.holdsBack('mtu')).toBe(true);
  sleep(14_999);
  contention.settle();
  expect(contention.contested()).toEqual([MTU]);
  sleep(1);
  expect(contention.settle()).toBeUndefined();
  expect(contention.contested()).toEqual([]);
});

it('who asks for it has it tried at once, all of it or what belongs to one resource', () => {
  const { contention, contest } = scene();
  contest(MTU);
  contest(ELEMENT);
  contention.forget('Bridge/br0' as Key);
  expect(contention.holdsBack('mtu')).toBe(false);
  expect(contention.contested()).toEqual([ELEMENT]);
  contention.forget();
  expect(contention.contested()).toEqual([]);
});

it('a pace lets what is rare happen at once, and slows down what is not', () => {
  let now = 0;
  const pace = new Pace({ now: () => now });
  for (let count = 0; count < 20; count++) {
    expect(pace.wait()).toBe(0);
    pace.spend();
  }
  expect(pace.wait()).toBe(100);
  now += 100;
  expect(pace.wait()).toBe(0);
  pace.spend();
  now += 60_000;
  for (let count = 0; count < 20; count++) pace.spend();
  expect(pace.wait()).toBe(100);
});
