import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Scan, scanDirectory } from '../../src/source/scan.ts';
import { watchDirectory } from '../../src/source/watch.ts';

const made: string[] = [];
afterEach(() => made.splice(0).forEach((directory) => rmSync(directory, { recursive: true, force: true })));

interface Place {
  /** Where things may be put besides the watched directory. */
  readonly base: string;
  /** The directory that is watched. */
  readonly root: string;
}

function place(): Place {
  const base = mkdtempSync(join(tmpdir(), 'lxcnet-watch-'));
  made.push(base);
  return { base, root: join(base, 'lxcnet.d') };
}

const digest = (scan: Scan): string => (scan.state === 'read' ? scan.digest : scan.reason);

/** Follows a directory as the engine does: a kick leads to a scan. */
async function follow(root: string): Promise<{
  seen: (digest: string, what: string) => Promise<void>;
  settle: () => Promise<void>;
  stop: () => void;
}> {
  let last = '';
  let kicks = 0;
  const subscription = watchDirectory(root).subscribe(() => {
    kicks++;
    void scanDirectory(root).then((scan) => (last = digest(scan)));
  });
  return Promise.resolve({
    async seen(wanted, what) {
      const end = performance.now() + 1_000;
      while (last !== wanted) {
        if (performance.now() > end) throw new Error(`not seen within a second: ${what} (${kicks} kicks)`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    /** Until changes made now are seen: the watchers need a moment to be armed. */
    async settle() {
      const probe = join(root, 'settle.yaml');
      for (let round = 0; last === '' && round < 100; round++) {
        writeFileSync(probe, `# ${round}\n`);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      unlinkSync(probe);
      await this.seen(digest(await scanDirectory(root)), 'the first change');
    },
    stop: () => subscription.unsubscribe(),
  });
}

const CHANGES: readonly (readonly [string, (place: Place) => void])[] = [
  ['an edit in place', ({ root }) => writeFileSync(join(root, 'a.yaml'), 'b: 2\n')],
  [
    'a rename over',
    ({ root }) => {
      writeFileSync(join(root, '.a.new'), 'c: 3\n');
      renameSync(join(root, '.a.new'), join(root, 'a.yaml'));
    },
  ],
  ['a new file', ({ root }) => writeFileSync(join(root, 'n.yaml'), 'n: 1\n')],
  [
    'a new file in a new directory',
    ({ root }) => {
      mkdirSync(join(root, 'sub'));
      writeFileSync(join(root, 'sub/n.yaml'), 'n: 1\n');
    },
  ],
  ['a removed file', ({ root }) => unlinkSync(join(root, 'a.yaml'))],
  [
    'the directory removed and made again',
    ({ root }) => {
      rmSync(root, { recursive: true });
      mkdirSync(root);
      writeFileSync(join(root, 'z.yaml'), 'z: 1\n');
    },
  ],
  [
    'the directory renamed away and another put in its place',
    ({ base, root }) => {
      mkdirSync(join(base, 'next'));
      writeFileSync(join(base, 'next/a.yaml'), 'next: 1\n');
      renameSync(root, join(base, 'old'));
      renameSync(join(base, 'next'), root);
    },
  ],
];

it.each(CHANGES)('%s is seen within a second', async (what, change) => {
  const where = place();
  mkdirSync(where.root);
  writeFileSync(join(where.root, 'a.yaml'), 'a: 1\n');
  const watched = await follow(where.root);
  await watched.settle();
  change(where);
  await watched.seen(digest(await scanDirectory(where.root)), what);
  watched.stop();
});

it('an edit after the directory was replaced is seen', async () => {
  const { root } = place();
  mkdirSync(root);
  const watched = await follow(root);
  await watched.settle();
  rmSync(root, { recursive: true });
  mkdirSync(root);
  writeFileSync(join(root, 'a.yaml'), 'a: 1\n');
  await watched.seen(digest(await scanDirectory(root)), 'the new directory');
  writeFileSync(join(root, 'a.yaml'), 'a: 2\n');
  await watched.seen(digest(await scanDirectory(root)), 'the edit');
  watched.stop();
});

it("a symbolic link that is flipped, as git-sync does, is seen, and so is a ConfigMap's ..data", async () => {
  const { base, root } = place();
  for (const version of ['one', 'two']) {
    mkdirSync(join(base, version));
    writeFileSync(join(base, version, 'a.yaml'), `${version}: 1\n`);
  }
  const flip = (link: string, target: string): void => {
    symlinkSync(target, `${link}.tmp`);
    renameSync(`${link}.tmp`, link);
  };
  symlinkSync('one', root);
  const watched = await follow(root);
  await watched.settle();
  flip(root, 'two');
  await watched.seen(digest(await scanDirectory(root)), 'the flip');

  mkdirSync(join(base, 'two/..v1'));
  mkdirSync(join(base, 'two/..v2'));
  writeFileSync(join(base, 'two/..v1/c.yaml'), 'c: 1\n');
  writeFileSync(join(base, 'two/..v2/c.yaml'), 'c: 2\n');
  symlinkSync('..v1', join(base, 'two/..data'));
  symlinkSync('..data/c.yaml', join(base, 'two/c.yaml'));
  await watched.seen(digest(await scanDirectory(root)), 'the ConfigMap');
  flip(join(base, 'two/..data'), '..v2');
  await watched.seen(digest(await scanDirectory(root)), "the ConfigMap's flip");
  watched.stop();
});

it('a directory that is not there yet is seen when it comes', async () => {
  const { root } = place();
  const watched = await follow(root);
  expect(digest(await scanDirectory(root))).toBe('there is no such directory');
  await new Promise((resolve) => setTimeout(resolve, 50)); // the watcher is armed at its own time, before or after
  mkdirSync(root);
  writeFileSync(join(root, 'a.yaml'), 'a: 1\n');
  await watched.seen(digest(await scanDirectory(root)), 'the new directory');
  watched.stop();
});
