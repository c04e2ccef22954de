import fc from 'fast-check';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SavedState } from '../../src/engine/saved-state.ts';
import { readState, writeState } from '../../src/engine/state-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lxcnet-state-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a state file', () => {
  it('gives back what was written', async () => {
    const path = join(directory, 'a.json');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        await writeState(path, value);
        expect(JSON.stringify(await readState(path))).toBe(JSON.stringify(value));
      }),
      { numRuns: 20 },
    );
  });

  it('makes its directory, for root alone', async () => {
    await writeState(join(directory, 'one/two/a.json'), 1);
    expect(statSync(join(directory, 'one/two')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'one/two/a.json')).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing beside it', async () => {
    await writeState(join(directory, 'a.json'), 1);
    await writeState(join(directory, 'a.json'), 2);
    expect(readdirSync(directory)).toEqual(['a.json']);
  });

  it('is replaced as a whole: the old content stays until the new one is complete', async () => {
    const path = join(directory, 'a.json');
    await writeState(path, 'x'.repeat(1_000_000));
    const writing = writeState(path, 'y'.repeat(1_000_000));
    const seen = new Set<string>();
    const state = { over: false };
    void writing.finally(() => (state.over = true));
    while (!state.over) {
      const text = readFileSync(path, 'utf8');
      expect(text).toHaveLength(1_000_002);
      seen.add(text.slice(0, 2));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    expect(await readState(path)).toBe('y'.repeat(1_000_000));
    expect([...seen].every((start) => start === '"x' || start === '"y')).toBe(true);
  });

  it('survives what a crash left beside it', async () => {
    const path = join(directory, 'a.json');
    await writeState(path, 1);
    writeFileSync(`${path}.new`, '{"half');
    expect(await readState(path)).toBe(1);
    await writeState(path, 2);
    expect(await readState(path)).toBe(2);
  });

  it.each([
    ['is not there', undefined],
    ['is empty', ''],
    ['was cut off', '{"boot":"x","claims":[{'],
    ['is something else', '\u0000\u0001'],
  ])('says nothing where it %s', async (_, text) => {
    const path = join(directory, 'a.json');
    if (text !== undefined) writeFileSync(path, text);
    expect(await readState(path)).toBeUndefined();
  });

  it('says so where it cannot be written', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(writeState(join(directory, 'file/a.json'), 1)).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});

describe('what is saved besides the inventory', () => {
  const objects = { resourceVersion: 7, objects: { 'Bridge/br0': { uid: 'u' } } } as never;

  it('is there for the next daemon', async () => {
    await new SavedState(directory).save(objects, { 'a.yaml': 'a: 1\n' });
    expect(await new SavedState(directory).load()).toEqual({ objects, sources: { 'a.yaml': 'a: 1\n' } });
  });

  it('counts as none where it has another shape', async () => {
    writeFileSync(join(directory, 'objects.json'), '{"resourceVersion":"7","objects":[]}');
    writeFileSync(join(directory, 'sources.json'), '{"a.yaml":1}');
    expect(await new SavedState(directory).load()).toEqual({ sources: {} });
  });

  it('is not written again where nothing has changed', async () => {
    const saved = new SavedState(directory);
    await saved.save(objects, {});
    rmSync(join(directory, 'objects.json'));
    rmSync(join(directory, 'sources.json'));
    await saved.save(objects, {});
    expect(readdirSync(directory)).toEqual([]);
    await saved.save(objects, { 'a.yaml': '' });
    expect(readdirSync(directory)).toEqual(['sources.json']);
  });
});
