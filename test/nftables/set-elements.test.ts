import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsQuery, readElements } from '../../src/nftables/set-elements.ts';
import { readAnswer } from '../../src/rtnetlink/answer.ts';
import { MessageWriter } from '../../src/rtnetlink/message.ts';

/* That what the kernel sends is read as nft reads it is tested with the kernel, in kernel/many-elements.test.ts. */

const NEWSETELEM = (10 << 8) | 12;
const set = (key: readonly string[], value: readonly string[] = []) =>
  ({ family: 'inet', kind: 'map', name: 'x', atoms: { key, value } }) as const;
const PORTS = set(['ifname', 'inet_service'], ['classid']);

interface Parts {
  readonly key?: readonly number[];
  readonly value?: readonly number[];
  /** An attribute besides, of this type. */
  readonly more?: number;
}

/** A message of the kernel's with one element. */
function message({ key, value, more }: Parts): Uint8Array {
  const writer = new MessageWriter(NEWSETELEM, 0).u8(1, 0).u16(0);
  const data = (type: number, bytes: readonly number[] | undefined): void => {
    if (bytes) writer.attribute(type, () => writer.attribute(1, () => writer.bytes(Uint8Array.from(bytes))));
  };
  writer.attribute(3, () => {
    writer.attribute(1, () => {
      data(1, key);
      data(2, value);
      if (more !== undefined) writer.attribute(more, () => writer.u32(0));
    });
  });
  return writer.finish().message;
}

const read = (parts: Parts, of: Parameters<typeof readElements>[1] = PORTS): readonly string[] =>
  [...readElements(readAnswer(message(parts)).messages, of)].map(([key, value]) => `${key} : ${value}`);

const name = (text: string): number[] => [...Buffer.from(text.padEnd(16, '\0'))];
const KEY = [...name('br0'), 0, 80, 0, 0];
const VALUE = [...new Uint8Array(Uint32Array.of(0x10002).buffer)];

describe('elements of a set', () => {
  it('are read part by part', () => {
    expect(read({ key: KEY, value: VALUE })).toEqual(['"br0" . 80 : 1:2']);
    expect(read({ key: [10, 0, 0, 1] }, set(['ipv4_addr']))).toEqual(['10.0.0.1 : ']);
    expect(read({ key: [0, 0, 0, 0] }, set(['classid']))).toEqual(['none : ']);
    expect(read({ key: [255, 255, 255, 255] }, set(['classid']))).toEqual(['root : ']);
  });

  it.each<[string, Parts]>([
    ['without a key', { value: VALUE }],
    ['without a value', { key: KEY }],
    ['with a key that is too short', { key: KEY.slice(0, -4), value: VALUE }],
    ['with a key that is too long', { key: [...KEY, 0, 0, 0, 0], value: VALUE }],
    ['with a value that is too long', { key: KEY, value: [...VALUE, 0] }],
    ['with flags', { key: KEY, value: VALUE, more: 3 }],
    ['that will go by itself', { key: KEY, value: VALUE, more: 4 }],
    ['with a range', { key: KEY, value: VALUE, more: 10 }],
    ['with a name that leaves its quotes', { key: [...name('a"b'), ...KEY.slice(16)], value: VALUE }],
    ['with a name for several', { key: [...name('a*'), ...KEY.slice(16)], value: VALUE }],
    ['with something behind its name', { key: [...name('a\0b'), ...KEY.slice(16)], value: VALUE }],
    ['without a name', { key: [...name(''), ...KEY.slice(16)], value: VALUE }],
  ])('are not read %s', (_, parts) => {
    expect(() => read(parts)).toThrow(RangeError);
  });

  it('are not read where they may be ranges, or of a type that is not known', () => {
    expect(() => read({ key: KEY }, { family: 'inet', kind: 'set', name: 'networks4' })).toThrow(RangeError);
    expect(() => read({ key: KEY }, set(['mark']))).toThrow(RangeError);
  });

  it('may be damaged in any way', () => {
    const whole = message({ key: KEY, value: VALUE });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    let readable = 0;
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (changes, cut) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          for (const text of readElements(
            readAnswer(bytes.subarray(0, cut < 20 ? -cut || undefined : undefined)).messages,
            PORTS,
          ).keys())
            expect(text).toMatch(/^"[A-Za-z0-9_.+@:=,%~-]{1,15}" \. \d{1,5}$/);
          readable++;
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
    expect(readable).toBeGreaterThan(100);
  });

  it('are asked for by table and name', () => {
    const text = Buffer.from(elementsQuery({ family: 'bridge', kind: 'set', name: 'macs' }).message).toString(
      'latin1',
    );
    expect(text).toContain('lxcnet\0');
    expect(text).toContain('macs\0');
  });
});
