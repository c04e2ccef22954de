import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Subscription } from 'rxjs';
import { afterEach, expect, it } from 'vitest';
import { scanDirectory } from '../../src/source/scan.ts';
import { watchDirectory } from '../../src/source/watch.ts';

/** From the end of a change to a sign that comes after it, in milliseconds. */
const LONGEST_DELAY = 1_000;

let base = '';
let subscription: Subscription | undefined;
afterEach(() => {
  subscription?.unsubscribe();
  rmSync(base, { recursive: true, force: true });
});

function fill(directory: string, text: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'a.yaml'), text);
}

function flip(link: string, target: string): void {
  symlinkSync(target, `${link}.new`);
  renameSync(`${link}.new`, link);
}

interface Place {
  readonly root: string;
  /** Beside the root. */
  readonly old: string;
  readonly next: string;
}

const withFile = ({ root }: Place): void => fill(root, '1');

const CHANGES: readonly (readonly [string, (place: Place) => void, (place: Place) => void])[] = [
  ['an edit', withFile, ({ root }) => fill(root, '2')],
  [
    'a rename over a file',
    withFile,
    ({ root }) => {
      writeFileSync(join(root, '.a.tmp'), '2');
      renameSync(join(root, '.a.tmp'), join(root, 'a.yaml'));
    },
  ],
  ['a deleted file', withFile, ({ root }) => unlinkSync(join(root, 'a.yaml'))],
  [
    'a directory that is removed and made again',
    withFile,
    ({ root }) => {
      rmSync(root, { recursive: true });
      fill(root, '2');
    },
  ],
  [
    'the flip of a link whose old target stays',
    ({ root, old, next }) => {
      fill(old, '1');
      fill(next, '2');
      symlinkSync(old, root);
    },
    ({ root, next }) => flip(root, next),
  ],
  [
    "the flip of a ConfigMap's ..data",
    ({ root }) => {
      fill(join(root, '..1'), '1');
      fill(join(root, '..2'), '2');
      symlinkSync('..1', join(root, '..data'));
      symlinkSync('..data/a.yaml', join(root, 'a.yaml'));
    },
    ({ root }) => flip(join(root, '..data'), '..2'),
  ],
  [
    'an exchange of directories by renaming',
    (place) => {
      withFile(place);
      fill(place.next, '2');
    },
    ({ root, old, next }) => {
      renameSync(root, old);
      renameSync(next, root);
    },
  ],
  ['a directory that was not there at first', () => undefined, withFile],
  [
    'an edit of what a link leads to, outside the directory',
    linkedTo('old/a.yaml', ({ old }) => fill(old, '1')),
    ({ old }) => fill(old, '2'),
  ],
  [
    'the target of a link that comes into being later',
    linkedTo('next/a.yaml', () => undefined),
    ({ next }) => fill(next, '1'),
  ],
  [
    'the flip of a link in the middle of the path of a link',
    linkedTo('current/a.yaml', ({ root, old, next }) => {
      fill(old, '1');
      fill(next, '2');
      symlinkSync(old, join(root, '../current'));
    }),
    ({ root, next }) => flip(join(root, '../current'), next),
  ],
  [
    'a target that is removed and made again as another',
    linkedTo('old/a.yaml', ({ old }) => fill(old, '1')),
    ({ old }) => {
      rmSync(old, { recursive: true });
      fill(old, '2');
    },
  ],
  [
    'a target that is renamed away and replaced',
    linkedTo('old/a.yaml', ({ old, next }) => {
      fill(old, '1');
      fill(next, '2');
    }),
    ({ old, next }) => {
      renameSync(old, `${old}er`);
      renameSync(next, old);
    },
  ],
];

/** A directory with a link to a path beside it. */
function linkedTo(target: string, prepare: (place: Place) => void): (place: Place) => void {
  return (place) => {
    mkdirSync(place.root);
    symlinkSync(`../${target}`, join(place.root, 'a.yaml'));
    prepare(place);
  };
}

it.each(CHANGES)('%s causes a sign within a second', async (_what, prepare, change) => {
  base = mkdtempSync(join(tmpdir(), 'lxcnet-delay-'));
  const place = { root: join(base, 'manifests'), old: join(base, 'old'), next: join(base, 'next') };
  prepare(place);
  const digest = async (): Promise<string> => {
    const scan = await scanDirectory(place.root);
    return scan.state === 'read' ? scan.digest : scan.reason;
  };
  let signs = 0;
  let seen = '';
  let seenAfter = 0;
  let changed = 0;
  subscription = watchDirectory(place.root).subscribe(() => {
    signs++;
    const after = performance.now() - changed;
    void digest().then((found) => {
      seen = found;
      seenAfter = after;
    });
  });
  const before = await digest();
  let last = -1;
  // Two looks a while apart with no sign between them: the watchers are ready, and all is calm.
  const isCalm = (): boolean => {
    const calm = signs === last && seen === before;
    last = signs;
    return calm;
  };
  await expect.poll(isCalm, { timeout: 10_000, interval: 200 }).toBe(true);
  change(place);
  changed = performance.now();
  const wanted = await digest();
  expect(wanted).not.toBe(before);
  await expect.poll(() => seen, { timeout: 10_000, interval: 5 }).toBe(wanted);
  expect(seenAfter).toBeLessThan(LONGEST_DELAY);
});
