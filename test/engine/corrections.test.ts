import { beforeEach, expect, it } from 'vitest';
import { type Key, keyOf } from '../../src/api/key.ts';
import { Corrections } from '../../src/engine/corrections.ts';

const VM1 = keyOf('Link', 'default', 'vm1');
const NONE: ReadonlySet<Key> = new Set();
const BOTH: ReadonlySet<Key> = new Set([VM1]);

let ready: boolean;
let corrections: Corrections;
beforeEach(() => {
  ready = true;
  corrections = new Corrections(() => ready);
});

it('what is done to a resource that was ready is a correction, unless its manifest has changed', () => {
  expect(corrections.isCorrection(VM1, NONE)).toBe(true);
  expect(corrections.isCorrection(VM1, BOTH)).toBe(false);
  ready = false;
  expect(corrections.isCorrection(VM1, NONE)).toBe(false);
});

it('a repair that is refused at first is a correction as it succeeds, and nothing after it has begun anew', () => {
  corrections.passed(NONE, [VM1]);
  ready = false;
  corrections.passed(NONE, [VM1]);
  expect(corrections.isCorrection(VM1, NONE)).toBe(true);
  ready = true;
  corrections.passed(NONE, []);
  ready = false;
  expect(corrections.isCorrection(VM1, NONE)).toBe(false);
});

it('a resource that is not tried again is forgotten', () => {
  corrections.passed(NONE, [VM1]);
  ready = false;
  corrections.passed(NONE, []);
  expect(corrections.isCorrection(VM1, NONE)).toBe(false);
});

it('what an edit asks for is none, whatever was refused before', () => {
  corrections.passed(NONE, [VM1]);
  ready = false;
  corrections.passed(BOTH, [VM1]);
  expect(corrections.isCorrection(VM1, NONE)).toBe(false);
  ready = true;
  corrections.passed(BOTH, [VM1]);
  ready = false;
  expect(corrections.isCorrection(VM1, NONE)).toBe(false);
});
