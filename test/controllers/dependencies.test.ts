import { expect, it } from 'vitest';
import { affectedBy } from '../../controllers/dependencies.ts';
import type { Key } from '../../src/api/key.ts';
import { bridge, forward, link, route } from '../support/manifests.ts';
import { manifests } from './fixture.ts';

const DOCUMENTS = [
  bridge('br0'),
  bridge('br1', { addresses: ['10.10.21.1/24'] }),
  link('vm1', 'vm1', 10),
  link('vm2', 'vm2', 11, { bridge: 'br1', addresses: ['10.10.21.11/24'] }),
  route('r1', { to: '10.31.0.0/16', via: '10.10.20.10' }),
  forward('web', 'vm1', [{ port: 80 }]),
];
const WORLD = new Map(manifests(...DOCUMENTS).map((manifest) => [manifest.key, manifest]));
const affected = (...keys: readonly string[]): readonly string[] =>
  [...affectedBy(new Set(keys as readonly Key[]), WORLD)].sort();

it('a changed bridge takes its links along, and the routes', () => {
  expect(affected('Bridge/br0')).toEqual(['Bridge/br0', 'Link/default/vm1', 'Route/r1']);
});

it('a changed link or forward, or one that is gone, takes the bridges along', () => {
  expect(affected('PortForward/default/web')).toEqual([
    'Bridge/br0',
    'Bridge/br1',
    'PortForward/default/web',
  ]);
  expect(affected('Link/default/gone')).toEqual(['Bridge/br0', 'Bridge/br1', 'Link/default/gone']);
});

it('nothing takes nothing along, and other kinds only themselves', () => {
  expect(affected()).toEqual([]);
  expect(affected('Route/r1')).toEqual(['Route/r1']);
});
