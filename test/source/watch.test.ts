import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanDirectory } from '../../src/source/scan.ts';
import { watchDirectory } from '../../src/source/watch.ts';

/*
 * Whoever looks at each sign soon knows the newest state: that is what is tested, not which signs there are. Nothing here
 * looks without a sign.
 */

let base = '';
let root = '';
let subscription: Subscription | undefined;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'lxcnet-watch-'));
  root = join(base, 'manifests');
});

afterEach(async () => {
  subscription?.unsubscribe();
  await rm(base, { recursive: true, force: true });
});

/** Looks at the directory at every sign. */
class Looker {
  #seen = '';
  signs = 0;
  #looking = Promise.resolve();

  start(directory = root): void {
    subscription = watchDirectory(directory).subscribe(() => {
      this.signs++;
      this.#looking = this.#looking.then(async () => {
        this.#seen = await lookAt(directory);
      });
    });
  }

  /** Waits until a look that a sign caused has found what is there now. */
  async sees(directory = root): Promise<void> {
    const wanted = await lookAt(directory);
    await expect.poll(() => this.#seen, { timeout: 5_000, interval: 10 }).toBe(wanted);
  }

  /** Waits until nothing happens any more. */
  async settled(directory = root): Promise<void> {
    await this.sees(directory);
    let last = -1;
    await expect
      .poll(
        () => {
          const calm = this.signs === last;
          last = this.signs;
          return calm;
        },
        { timeout: 5_000, interval: 200 },
      )
      .toBe(true);
  }
}

async function lookAt(directory: string): Promise<string> {
  const scan = await scanDirectory(directory);
  return scan.state === 'read' ? JSON.stringify([...scan.files]) : scan.reason;
}

async function fill(directory: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'a.yaml'), text);
}

/** Publishes as GitOps tools do: a new link, renamed over the old. */
async function flip(path: string, target: string): Promise<void> {
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
  expect(await readlink(path)).toBe(target);
}

/** A watched directory with one file, in which everything has calmed down. */
async function watched(): Promise<Looker> {
  await fill(root, '1');
  const looker = new Looker();
  looker.start();
  await looker.settled();
  return looker;
}

describe('watchDirectory', () => {
  it('sees a file that is made, edited, renamed over and deleted', async () => {
    const looker = await watched();
    await writeFile(join(root, 'b.yaml'), '1');
    await looker.sees();
    await writeFile(join(root, 'b.yaml'), '2');
    await looker.sees();
    await writeFile(join(root, '.b.yaml.tmp'), '3');
    await rename(join(root, '.b.yaml.tmp'), join(root, 'b.yaml'));
    await looker.sees();
    await rm(join(root, 'b.yaml'));
    await looker.sees();
  });

  it('sees what happens in subdirectories, new ones too', async () => {
    const looker = await watched();
    await fill(join(root, 'sub/sub'), '1');
    await looker.sees();
    await looker.settled();
    await writeFile(join(root, 'sub/sub/a.yaml'), '2');
    await looker.sees();
    await rm(join(root, 'sub'), { recursive: true });
    await looker.sees();
  });

  it('sees a file that is written while the watcher starts', async () => {
    await fill(root, '1');
    const looker = new Looker();
    looker.start();
    for (let file = 0; file < 30; file++) await writeFile(join(root, `f${file}.yaml`), 'x');
    await looker.sees();
  });

  it('sees a directory that comes into being later', async () => {
    const looker = new Looker();
    looker.start();
    await looker.settled();
    await fill(root, '1');
    await looker.sees();
    await looker.settled();
    await writeFile(join(root, 'a.yaml'), '2');
    await looker.sees();
  });

  it('sees a directory whose parent comes into being later', async () => {
    const deep = join(base, 'x/y/manifests');
    const looker = new Looker();
    looker.start(deep);
    await looker.settled(deep);
    await fill(deep, '1');
    await looker.sees(deep);
    await looker.settled(deep);
    await writeFile(join(deep, 'a.yaml'), '2');
    await looker.sees(deep);
  });

  it('sees what happens after the directory was removed and made again', async () => {
    const looker = await watched();
    for (const text of ['2', '3']) {
      await rm(root, { recursive: true });
      await fill(root, text);
      await looker.sees();
      await looker.settled();
      await writeFile(join(root, 'a.yaml'), `${text}!`);
      await looker.sees();
    }
  });

  it('sees what happens after the directory was exchanged for another with the same files', async () => {
    const looker = await watched();
    await fill(join(base, 'next'), '2');
    await rename(root, join(base, 'old'));
    await rename(join(base, 'next'), root);
    await looker.sees();
    await looker.settled();
    await writeFile(join(root, 'a.yaml'), '3');
    await looker.sees();
  });

  it('sees the flip of a link, and what happens after it, while the old target stays', async () => {
    await fill(join(base, 'v1'), '1');
    await fill(join(base, 'v2'), '2');
    await symlink('v1', root);
    const looker = new Looker();
    looker.start();
    await looker.settled();
    for (const target of ['v2', 'v1', 'v2']) {
      await flip(root, target);
      await looker.sees();
    }
    await looker.settled();
    await writeFile(join(base, 'v2/a.yaml'), '3');
    await looker.sees();
  });

  it('sees the flip of a link whose old target is removed at once', async () => {
    await fill(join(base, 'v1'), '1');
    await symlink('v1', root);
    const looker = new Looker();
    looker.start();
    await looker.settled();
    for (const [before, target] of [
      ['v1', 'v2'],
      ['v2', 'v3'],
    ] as const) {
      await fill(join(base, target), target);
      await flip(root, target);
      await rm(join(base, before), { recursive: true });
      await looker.sees();
    }
    await looker.settled();
    await writeFile(join(base, 'v3/a.yaml'), '4');
    await looker.sees();
  });

  it('sees the flip of a link in the middle of the path', async () => {
    await fill(join(base, 'v1/conf'), '1');
    await fill(join(base, 'v2/conf'), '2');
    await symlink('v1', join(base, 'current'));
    const directory = join(base, 'current/conf');
    const looker = new Looker();
    looker.start(directory);
    await looker.settled(directory);
    await flip(join(base, 'current'), 'v2');
    await looker.sees(directory);
  });

  it('sees a new version of a ConfigMap', async () => {
    await fill(join(root, '..1'), '1');
    await symlink('..1', join(root, '..data'));
    await symlink('..data/a.yaml', join(root, 'a.yaml'));
    const looker = new Looker();
    looker.start();
    await looker.settled();
    for (const version of ['..2', '..3']) {
      await fill(join(root, version), version);
      await flip(join(root, '..data'), version);
      await looker.sees();
    }
  });

  it('is not woken by what nobody reads', async () => {
    const looker = await watched();
    const { signs } = looker;
    await mkdir(join(root, '.git'));
    for (let file = 0; file < 50; file++) {
      for (const name of [`../x${file}`, `.a${file}.yaml.swp`, `.git/a${file}.yaml`]) {
        await writeFile(join(root, name), '1');
      }
    }
    // What comes afterwards is seen, so that what came before would have been.
    await writeFile(join(root, 'a.yaml'), '2');
    await looker.settled();
    expect(looker.signs - signs).toBeLessThan(20);
  });

  it('says nothing any more when nobody listens, and lets go of everything', async () => {
    const watches = (): number =>
      process.getActiveResourcesInfo().filter((name) => name.startsWith('FSEvent')).length;
    const before = watches();
    const looker = await watched();
    await rm(root, { recursive: true });
    await fill(root, '1');
    await looker.settled();
    expect(watches()).toBeGreaterThan(before);
    subscription?.unsubscribe();
    await expect.poll(watches).toBe(before);
    const { signs } = looker;
    await fill(root, '2');
    const other = await watched();
    await other.sees();
    expect(looker.signs).toBe(signs);
  });
});
