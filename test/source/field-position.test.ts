import { describe, expect, it } from 'vitest';
import { atFields } from '../../src/source/field-position.ts';

const TEXT = [
  'kind: a',
  '---',
  'kind: b',
  'spec:',
  '  addresses:',
  '    - x',
  '    - y',
  '  empty:',
  '',
].join('\n');
const LIST = ['kind: List', 'items:', '  - kind: a', '  - kind: b', '    spec: {mtu: 5}', ''].join('\n');

function placed(line: number, column: number, path: string, text = TEXT): string {
  const [error] = atFields([{ file: 'a.yaml', line, column, path, message: 'm' }], () => text);
  return `${error?.line}:${error?.column}`;
}

describe('atFields', () => {
  it('moves an error from its document to its field', () => {
    expect(placed(3, 1, 'spec.addresses[1]')).toBe('7:7');
    expect(placed(1, 1, 'kind')).toBe('1:7');
  });

  it('moves an error about an item of a List', () => {
    expect(placed(4, 5, 'spec.mtu', LIST)).toBe('5:17');
  });

  it('moves an error about what was left out to what is around', () => {
    expect(placed(3, 1, 'spec.macAddress')).toBe('4:1');
    expect(placed(3, 1, 'spec.empty')).toBe('8:3');
  });

  it('leaves an error where it is when the text is another by now', () => {
    expect(placed(2, 4, 'spec.mtu')).toBe('2:4');
    expect(placed(2, 4, 'spec.mtu', 'a: [')).toBe('2:4');
  });
});
