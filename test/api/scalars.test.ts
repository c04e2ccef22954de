import fc from 'fast-check';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import * as scalars from '../../src/api/scalars.ts';

const accepts = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

type Case = readonly [name: string, good: readonly unknown[], bad: readonly unknown[]];

const LONG = 'a'.repeat(64);
const CASES: readonly Case[] = [
  ['dnsLabel', ['a', 'a-1', '1', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a_b', LONG, 'a\n', 1]],
  ['dnsSubdomain', ['a', 'a.b-c.1'], ['', '.', 'a.', '.a', 'a..b', 'A.b', 'a'.repeat(254), 'a\n']],
  [
    'interfaceName',
    ['eth0', 'br0.100', '_x', 'a-b', 'abcdefghijklmno'],
    ['', 'abcdefghijklmnop', '-a', '.', '..', 'a b', 'a/b', 'a:b', 'lo', 'all', 'default', 'ü', 'a\n', 'a*'],
  ],
  [
    'macAddress',
    ['02:00:00:00:00:01', 'AA:BB:CC:DD:EE:FF'],
    ['01:00:00:00:00:01', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', '02-00-00-00-00-01', '2:0:0:0:0:1', ''],
  ],
  [
    'interfaceAddress',
    ['10.10.20.1/24', 'fd00::1/64', '10.0.0.1/32', '10.0.0.0/31'],
    ['10.10.20.1', '10.0.0.1/33', '224.0.0.1/4', 'ff02::1/64', '0.0.0.0/0', '::/0', '10.0.0.1/ 24', ''],
  ],
  [
    'networkCidr',
    ['10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::/48', '10.0.0.1/32'],
    ['10.0.0.1/8', 'fd00::1/48', '10.0.0.0', '10.0.0.0/08', 'default', ''],
  ],
  ['portNumber', [1, 80, 65535], [0, 65536, -1, 1.5, '80', Number.NaN]],
  ['portName', ['http', 'a1', '8080x', 'a-b'], ['', '80', 'HTTP', '-a', 'a--b', 'a-', 'a'.repeat(16)]],
  ['protocol', ['TCP', 'UDP', 'SCTP'], ['tcp', 'ICMP', '', 6]],
  ['mtu', [68, 1500, 65535], [67, 65536, 1500.5, '1500']],
  [
    'qualifiedName',
    ['app', 'a.b/app', 'lxcnet.dev/adopt', 'A_b.c', 'a'.repeat(63)],
    ['', '/', 'a/', '/a', 'a/b/c', 'A.b/app', '-a', 'a-', LONG],
  ],
  ['labelValue', ['', 'a', 'A_b.c-1', 'a'.repeat(63)], ['-a', 'a-', 'a b', LONG, 1]],
];

describe.each(CASES)('%s', (name, good, bad) => {
  const schema = scalars[name as keyof typeof scalars] as z.ZodType;

  it.each(good.map((value) => [value]))('accepts %j', (value) => {
    expect(accepts(schema, value)).toBe(true);
  });

  it.each(bad.map((value) => [value]))('refuses %j', (value) => {
    expect(accepts(schema, value)).toBe(false);
  });
});

describe('canonical forms', () => {
  it.each([
    [scalars.macAddress, '02:AB:CD:00:00:01', '02:ab:cd:00:00:01'],
    [scalars.ipAddress, 'FD00:0:0:0::1', 'fd00::1'],
    [scalars.interfaceAddress, 'FD00:0::10/64', 'fd00::10/64'],
    [scalars.networkCidr, 'FD00:0::/48', 'fd00::/48'],
  ])('of %o %s is %s', (schema, text, canonical) => {
    expect(schema.parse(text)).toBe(canonical);
    expect(schema.parse(canonical)).toBe(canonical);
  });

  it('say which network is meant where host bits are set', () => {
    expect(scalars.networkCidr.safeParse('10.9.1.0/16').error?.issues[0]?.message).toBe(
      "must not have host bits set: the network is '10.9.0.0/16'",
    );
  });
});

it('an address is accepted exactly where node takes it for one, zones aside', () => {
  const piece = fc.constantFrom(
    '0',
    '1',
    '255',
    '256',
    '01',
    'f',
    'fd00',
    '12345',
    ':',
    '::',
    '.',
    '/',
    ' ',
    '%',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((list) => list.join('')),
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.ipV4(),
  );
  fc.assert(
    fc.property(text, (each) => {
      expect(accepts(scalars.ipAddress, each)).toBe(isIP(each) !== 0 && !each.includes('%'));
    }),
    { numRuns: 2_000 },
  );
});

it('nothing that a scalar accepts can leave its place in a command or a transaction', () => {
  const hostile = fc.string({
    unit: fc.constantFrom(...Array.from('aZ0.:/-_ \n\t"\'\\#;{}$*,\u0000')),
    maxLength: 12,
  });
  const schemas = [
    scalars.interfaceName,
    scalars.macAddress,
    scalars.ipAddress,
    scalars.interfaceAddress,
    scalars.networkCidr,
    scalars.dnsSubdomain,
    scalars.portName,
    scalars.labelValue,
  ];
  fc.assert(
    fc.property(hostile, fc.constantFrom(...schemas), (text, schema) => {
      const parsed = (schema as z.ZodType<string>).safeParse(text);
      if (parsed.success) expect(parsed.data).toMatch(/^[A-Za-z0-9_.:/-]*$/);
    }),
    { numRuns: 2_000 },
  );
});
