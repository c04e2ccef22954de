import { describe, expect, it } from 'vitest';
import { bytesPerSecond, rate } from '../../src/api/rate.ts';

describe('a rate', () => {
  it.each<[string, number]>([
    ['8Kbit', 1_000],
    ['8000bit', 1_000],
    ['512kbit', 64_000],
    ['512Kibit', 65_536],
    ['100Mbit', 12_500_000],
    ['100MBIT', 12_500_000],
    ['1.5Mbit', 187_500],
    ['2.5Gbit', 312_500_000],
    ['1Gibit', 134_217_728],
    ['0.1Tbit', 12_500_000_000],
    ['9999bit', 1_249],
    // quantities of Kubernetes
    ['64k', 8_000],
    ['10M', 1_250_000],
    ['1Mi', 131_072],
  ])('%s is %d bytes a second', (text, bytes) => {
    expect(rate.parse(text)).toBe(text);
    expect(bytesPerSecond(text)).toBe(bytes);
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['a number', 100],
    ['a number in quotes', '100000'],
    ['no number', 'Mbit'],
    ["tc's bytes", '10mbps'],
    ['bytes', '10MB'],
    ['a thousandth', '10000000m'],
    ['something negative', '-10Mbit'],
    ['an exponent', '1e9bit'],
    ['a second point', '1.0.0Mbit'],
    ['a space', '10 Mbit'],
    ['a line end', '10Mbit\n'],
    ['another command', '10Mbit; flush ruleset'],
    ['more digits than anybody needs', `${'1'.repeat(40)}bit`],
    ['an object', { rate: '10Mbit' }],
  ])('is not %s', (_, value) => {
    const { error } = rate.safeParse(value);
    expect(error?.issues.map(({ message }) => message)).toEqual([
      "must be a rate in bits per second with its unit, for example '512Kbit', '100Mbit' or '2.5Gbit'",
    ]);
  });

  it.each(['0bit', '0Mbit', '7999bit', '100.1Gbit', '1Tbit', '99999999999999999999999Tbit'])(
    'of %s is out of range',
    (text) => {
      const { error } = rate.safeParse(text);
      expect(error?.issues.map(({ message }) => message)).toEqual(['must be between 8Kbit and 100Gbit']);
    },
  );
});
