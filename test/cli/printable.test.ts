import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../src/cli/printable.ts';

describe('printable', () => {
  it('leaves text as it is', () => {
    expect(printable('link/vm1 – 10.0.0.1/24 äöü 漢')).toBe('link/vm1 – 10.0.0.1/24 äöü 漢');
  });

  it('escapes line breaks, terminal commands and reversed text', () => {
    expect(printable('a\nb\r\u001b[31mc\u0085\u202ed')).toBe('a\\u000ab\\u000d\\u001b[31mc\\u0085\\u202ed');
  });

  it('never lets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(printable(text))),
    );
  });
});

describe('printableLines', () => {
  it('keeps line breaks and tabs, and escapes the rest', () => {
    expect(printableLines('a:\n\tb\u001b\n')).toEqual(['a:', '\tb\\u001b']);
  });
});
