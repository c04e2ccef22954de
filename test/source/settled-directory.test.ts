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
  /** Tries again where the machine was so busy that it took longer from one write to the next than is waited for. */
  const inTime = async (attempt: (wrote: () => void) => Promise<unknown>): Promise<unknown> => {
    for (;;) {
      const times: number[] = [];
      const result = await attempt(() => void times.push(performance.now()));
      const longest = Math.max(...times.slice(1).map((time, index) => time - times[index]!));
      if (longest < 120) return result;
    }
  };
  /** How many writes there were when the look was over. */
  const writing = async (
    writes: number,
    every: number,
    wrote = (): void => undefined,
  ): Promise<[writes: number, text: unknown]> => {
    let written = 0;
    const write = (): void => {
      appendFileSync(file, String(written++));
      wrote();
    };
    write();
    const timer = setInterval(() => {
      if (written < writes) write();
    }, every);
    const scan = await directory.scan(true);
    clearInterval(timer);
    return [written, textOf(scan)];
  };

  it('waits until a file that is written to in place is finished', async () => {
    const attempt = async (wrote: () => void): Promise<unknown> => {
      writeFileSync(file, 'old');
      await directory.scan(true);
      return writing(4, 40, wrote);
    };
    expect(await inTime(attempt)).toEqual([4, 'old0123']);
  });

  it('waits for a new file, too, but not where somebody asks for it', async () => {
    await directory.scan(true);
    const other = join(root, 'b.yaml');
    writeFileSync(other, 'first');
    expect(textOf(await directory.scan(false), 'b.yaml')).toBe('first');
    const attempt = async (wrote: () => void): Promise<unknown> => {
      rmSync(other);
      await directory.scan(false);
      writeFileSync(other, 'first');
      wrote();
      const second = new Promise<void>((resolve) => {
        setTimeout(() => {
          appendFileSync(other, ' second');
          wrote();
          resolve();
        }, 40);
      });
      const [scan] = await Promise.all([directory.scan(true), second]);
      return textOf(scan, 'b.yaml');
    };
    expect(await inTime(attempt)).toBe('first second');
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

  it('waits where the time of a file is a little later than that of the clock', async () => {
    await directory.scan(true);
    const soon = new Date(Date.now() + 100);
    const start = performance.now();
    utimesSync(file, soon, soon);
    await directory.scan(true);
    expect(performance.now() - start).toBeGreaterThan(140);
  });

  it('does not wait for a time to come', async () => {
    const future = new Date(Date.now() + 3_600_000);
    utimesSync(file, future, future);
    expect(textOf(await directory.scan(true))).toBe('old');
  });
});
