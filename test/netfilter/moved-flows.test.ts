import { expect, it } from 'vitest';
import type { StaleElement } from '../../src/netfilter/difference.ts';
import type { Element } from '../../src/netfilter/elements.ts';
import { movedFlows } from '../../src/netfilter/moved-flows.ts';
import { key } from './fixture.ts';

const moved = (removals: readonly StaleElement[], additions: readonly StaleElement[] = []) =>
  movedFlows({ removals, additions: additions.map((element): Element => ({ ...element, owner: key('x') })) });

it('are those to the old target, where a forward led', () => {
  expect(moved([{ set: 'dnat_any4', key: '17 . 53', value: '10.0.0.2 . 5353' }])).toEqual([
    { family: 4, port: 53, target: { address: '10.0.0.2', port: 5353 } },
  ]);
  const bound = {
    set: 'dnat_interface_address6',
    key: '"eth0" . fd00::1 . 17 . 53',
    value: 'fd00::2 . 53',
  } as const;
  expect(moved([bound])).toEqual([
    { family: 6, destination: 'fd00::1', port: 53, target: { address: 'fd00::2', port: 53 } },
  ]);
});

it('are those to the host itself, where a forward comes', () => {
  const element = {
    set: 'dnat_hairpin_address4',
    key: '192.0.2.1 . 17 . 53',
    value: '10.0.0.2 . 53',
  } as const;
  expect(moved([], [element])).toEqual([{ family: 4, destination: '192.0.2.1', port: 53 }]);
});

it('are none for TCP, SCTP and what is no forward', () => {
  expect(
    moved([
      { set: 'dnat_any4', key: '6 . 53', value: '10.0.0.2 . 53' },
      { set: 'dnat_interface4', key: '"eth0" . 132 . 53', value: '10.0.0.2 . 53' },
      { set: 'permit_any4', key: '17 . 53', value: '1:2' },
    ]),
  ).toEqual([]);
});
