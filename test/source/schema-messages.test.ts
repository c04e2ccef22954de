import { describe, expect, it } from 'vitest';
import { formatFieldError } from '../../src/source/field-error.ts';
import { parseManifests } from '../../src/source/parse.ts';

/** What is told of a Bridge with this spec, without the file's name. */
function told(spec: string): string[] {
  const text = `apiVersion: lxcnet.dev/v1alpha1\nkind: Bridge\nmetadata: {name: br0}\nspec: ${spec}\n`;
  return parseManifests('f.yaml', text).errors.map((error) =>
    formatFieldError(error).slice('f.yaml:'.length),
  );
}

describe('what is told of a field', () => {
  it('suggests another only of the place where the unknown one is', () => {
    expect(told('{masquerade: {source: 10.0.0.1, interface: [eth0]}}')).toEqual([
      '4:39: Bridge/br0: spec.masquerade.interface: Unknown field: did you mean "interfaces"?',
    ]);
    expect(told('{metadata: 1}')).toEqual(['4:8: Bridge/br0: spec.metadata: Unknown field']);
  });

  it('is short, however long its name is', () => {
    expect(told(`{${'a'.repeat(10_000)}: 1}`)[0]!.length).toBeLessThan(130);
    expect(told(`{? ${'a'.repeat(10_000)}\n : 1}`)[0]!.length).toBeLessThan(130);
  });

  it.each(['1e30', '99999999999999999999', '-1e30'])(
    'calls %s too large or small, and not a fraction',
    (number) => {
      expect(told(`{mtu: ${number}}`)).toEqual([
        `4:13: Bridge/br0: spec.mtu: Invalid value: ${Number(number)}: must be between 68 and 65535`,
      ]);
    },
  );

  it.each(['.inf', '.nan', '1500.5'])('is one thing only about %s', (number) => {
    expect(told(`{mtu: ${number}}`)).toHaveLength(1);
  });

  it('comes with everything else that is wrong', () => {
    expect(told('{mtu: 1, ports: [lo], siblings: x, nothing: 1, addresses: [10.0.0.1]}')).toHaveLength(5);
  });

  it('takes no longer for many mistakes than for the file', () => {
    const fields = Array.from({ length: 20_000 }, (_, index) => `adresse${index}: 1`).join(', ');
    const start = performance.now();
    expect(told(`{${fields}}`).length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
