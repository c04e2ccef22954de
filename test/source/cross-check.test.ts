import { expect, it } from 'vitest';
import { crossCheck } from '../../src/source/cross-check.ts';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, link } from '../support/manifests.ts';

function check(...files: readonly (readonly [name: string, ...documents: object[]])[]): {
  accepted: string[];
  errors: string[];
} {
  const parsed = files.map(([name, ...documents]) =>
    parseManifests(name, documents.map((document) => JSON.stringify(document)).join('\n---\n')),
  );
  expect(parsed.flatMap(({ errors }) => errors)).toEqual([]);
  const { accepted, errors } = crossCheck(parsed.flatMap(({ manifests }) => manifests));
  return {
    accepted: accepted.map(({ key, origin }) => `${key} ${origin.file}`),
    errors: errors.map(formatFieldError),
  };
}

it('keeps the first of two declarations by path, and names both places', () => {
  expect(check(['a.yaml', bridge('br0')], ['b.yaml', bridge('br0')])).toEqual({
    accepted: ['Bridge/br0 a.yaml'],
    errors: ['b.yaml:1:1: Bridge/br0: metadata.name: Duplicate value: it is declared at a.yaml:1 already'],
  });
});

it.each([
  [
    'an address',
    { addresses: ['10.10.20.10/16'] },
    "spec.addresses[0]: Duplicate value: address '10.10.20.10' is that of Link/vm1 at a.yaml:1",
  ],
  [
    'a MAC address',
    { macAddress: '02:00:00:00:00:AA' },
    "spec.macAddress: Duplicate value: MAC address '02:00:00:00:00:aa' is that of Link/vm1 at a.yaml:1",
  ],
  [
    'a host interface',
    { hostInterface: 'lx-vm1' },
    "spec.hostInterface: Duplicate value: interface 'lx-vm1' is that of Link/vm1 at a.yaml:1",
  ],
  [
    'an interface of the container',
    { container: { netns: 'one' } },
    "spec.interface: Duplicate value: interface of the container 'netns:one: eth0' is that of Link/vm1 at a.yaml:1",
  ],
])('refuses two links with %s', (_, spec, message) => {
  const one = link('vm1', 'one', 10, { macAddress: '02:00:00:00:00:aa' });
  const { accepted, errors } = check(['a.yaml', one], ['b.yaml', link('vm2', 'two', 11, spec)]);
  expect(accepted).toEqual(['Link/default/vm1 a.yaml']);
  expect(errors).toEqual([`b.yaml:1:1: Link/vm2: ${message}`]);
});

it('refuses two bridges with one interface, one port, or overlapping networks', () => {
  const { errors } = check(
    ['a.yaml', bridge('br0', { ports: ['eth1'] })],
    ['b.yaml', bridge('br1', { interface: 'br0', addresses: ['10.0.0.1/8', 'fd01::1/64'], ports: ['eth1'] })],
  );
  expect(errors).toEqual([
    "b.yaml:1:1: Bridge/br1: spec.interface: Duplicate value: interface 'br0' is that of Bridge/br0 at a.yaml:1",
    "b.yaml:1:1: Bridge/br1: spec.ports[0]: Duplicate value: port 'eth1' is that of Bridge/br0 at a.yaml:1",
    "b.yaml:1:1: Bridge/br1: spec.addresses[0]: Invalid value: '10.0.0.1/8' overlaps with '10.10.20.1/24' of Bridge/br0 at a.yaml:1",
  ]);
});

it('wants an interface for a bridge whose name cannot be one', () => {
  const { errors } = check(['a.yaml', bridge('a-name-of-nineteen')]);
  expect(errors[0]).toContain(
    "spec.interface: Required value: 'a-name-of-nineteen' cannot be an interface's name",
  );
});

it('does not let a refused manifest stand in the way of later ones', () => {
  const { accepted } = check(
    ['a.yaml', bridge('br0')],
    ['b.yaml', bridge('br0', { addresses: ['10.0.1.1/24'] })],
    ['c.yaml', bridge('br1', { addresses: ['10.0.1.1/24'] })],
  );
  expect(accepted).toEqual(['Bridge/br0 a.yaml', 'Bridge/br1 c.yaml']);
});
