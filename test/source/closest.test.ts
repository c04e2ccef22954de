import { describe, expect, it } from 'vitest';
import { closest } from '../../src/source/closest.ts';

const FIELDS = ['addresses', 'mtu', 'ports', 'macAddress', 'interface'];

describe('closest', () => {
  it.each([
    ['addreses', 'addresses'],
    ['adresse', 'addresses'],
    ['macaddress', 'macAddress'],
    ['port', 'ports'],
    ['mut', undefined],
    ['mt', 'mtu'],
    ['iface', undefined],
    ['x'.repeat(100_000), undefined],
  ])('finds for %.20s: %s', (word, found) => {
    expect(closest(word, FIELDS)).toBe(found);
  });

  it('takes the closest of several', () => {
    expect(closest('ports', ['porta', 'ports'])).toBe('ports');
  });
});
