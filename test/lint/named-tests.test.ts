import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const TESTS = join(import.meta.dirname, '..');
/** ``| what | `FILE`: words of the title |`` */
const ROW = /^\|.*\| `(?<file>[\w/.-]+\.test\.ts)`: (?<title>.+?) *\|$/;

const rows = readFileSync(join(TESTS, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line): (readonly [string, string])[] => {
    const groups = ROW.exec(line)?.groups;
    return groups ? [[groups.file!, groups.title!]] : [];
  });

it('the tables of test/README.md are read', () => {
  expect(rows.length).toBeGreaterThan(40);
});

it.each(rows)('%s has a test: %s', (file, title) => {
  expect(readFileSync(join(TESTS, file), 'utf8')).toContain(title);
});
