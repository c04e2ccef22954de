import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scan } from '../../src/source/scan.ts';
import { SettledDirectory } from '../../src/source/settled-directory.ts';

describe('a look at a directory', () => {
  let root: string;
  let file: string;
  let directory: SettledDirectory;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lxcnet-settled-'));
    file = join(root, 'a.yaml');
    writeFileSync(file, 'old');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(file, longAgo, longAgo);
    directory = new SettledDirectory(root);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });
  const textOf = (scan: Scan, path = 'a.yaml'): unknown =>
    scan.state === 'read' ? (scan.files.get(path) as { text?: string } | undefined)?.text : scan.reason;
  /** How many writes there were when the look was over. */
  const writing = async (writes: number, every: number): Promise<[writes: number, text: unknown]> => {
    let written = 0;
    const write = (): void => appendFileSync(file, String(written++));
    write();
    const timer = setInterval(() => {
      if (written < writes) write();
    }, every);
    const scan = await directory.scan(true);
    clearInterval(timer);
    return [written, textOf(scan)];
  };

  it('waits until a file that is written to in place is finished', async () => {
    await directory.scan(true);
    expect(await writing(4, 40)).toEqual([4, 'old0123']);
  });

  it('waits for a new file, too, but not where somebody asks for it', async () => {
    await directory.scan(true);
    const other = join(root, 'b.yaml');
    writeFileSync(other, 'first');
    expect(textOf(await directory.scan(false), 'b.yaml')).toBe('first');
    rmSync(other);
    await directory.scan(false);
    writeFileSync(other, 'first');
    setTimeout(() => appendFileSync(other, ' second'), 40);
    expect(textOf(await directory.scan(true), 'b.yaml')).toBe('first second');
  });

  it('reads at once what is renamed over another', async () => {
    await directory.scan(true);
    const aside = join(root, '.a.yaml.new');
    writeFileSync(aside, 'new');
    renameSync(aside, file);
    let later = false;
    setTimeout(() => (later = true), 100);
    expect([textOf(await directory.scan(true)), later]).toEqual(['new', false]);
  });

  it('does not wait for ever for a file that is written to all the time', async () => {
    await directory.scan(true);
    const [writes] = await writing(1_000, 30);
    expect(writes).toBeGreaterThan(5);
    expect(writes).toBeLessThan(100);
  });

  it('does not wait for a time to come', async () => {
    const future = new Date(Date.now() + 3_600_000);
    utimesSync(file, future, future);
    expect(textOf(await directory.scan(true))).toBe('old');
  });
});
