import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanDirectory } from '../../src/source/scan.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lxcnet-scan-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string | Uint8Array>>, below = root): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(below, path, '..'), { recursive: true });
    await writeFile(join(below, path), content);
  }
}

async function read(directory = root) {
  const scan = await scanDirectory(directory);
  if (scan.state !== 'read') throw new Error(scan.reason);
  return scan;
}

async function filesOf(directory = root) {
  return Object.fromEntries((await read(directory)).files);
}

describe('scanDirectory', () => {
  it('reads manifests in every subdirectory, ordered by path', async () => {
    await write({ 'b.yaml': 'b', 'a.yml': 'a', 'c/d.json': 'd', 'c/e/f.yaml': 'f', 'notes.txt': 'x' });
    expect([...(await read()).files]).toEqual([
      ['a.yml', { text: 'a' }],
      ['b.yaml', { text: 'b' }],
      ['c/d.json', { text: 'd' }],
      ['c/e/f.yaml', { text: 'f' }],
    ]);
  });

  it('passes over what editors and version control leave', async () => {
    await write({
      '.a.yaml': '',
      'a.yaml~': '',
      '.git/b.yaml': '',
      'old~/c.yaml': '',
      '#d.yaml#': '',
      'e.yaml.swp': '',
    });
    expect(await filesOf()).toEqual({});
  });

  it('follows links to files, and the link that it is given', async () => {
    await write({ 'real/a.yaml': 'a', 'elsewhere.txt': 'b' });
    await symlink('../elsewhere.txt', join(root, 'real/b.yaml'));
    await symlink('real', join(root, 'current'));
    expect(await filesOf(join(root, 'current'))).toEqual({
      'a.yaml': { text: 'a' },
      'b.yaml': { text: 'b' },
    });
  });

  it('reads a ConfigMap through its links, once', async () => {
    await write({ '..2026/a.yaml': 'a' });
    await symlink('..2026', join(root, '..data'));
    await symlink('..data/a.yaml', join(root, 'a.yaml'));
    expect(await filesOf()).toEqual({ 'a.yaml': { text: 'a' } });
  });

  it.each([
    ['by the link that is read', 'current', '', 'current'],
    ["as a ConfigMap's", '..data', '', '.'],
    ["as a ConfigMap's in a subdirectory", '..data', 'sub', '.'],
  ])('never mixes two versions, however fast they are published %s', async (_, link, below, directory) => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}.yaml`);
    for (const version of ['1', '2']) {
      await write(Object.fromEntries(names.map((name) => [join(below, `..v${version}`, name), version])));
    }
    const current = join(root, below, link);
    await symlink('..v1', current);
    if (link === '..data') for (const name of names) await symlink(`..data/${name}`, join(root, below, name));
    let flips = 0;
    const flip = async (): Promise<void> => {
      await symlink(flips++ % 2 === 0 ? '..v2' : '..v1', `${current}.new`);
      await rename(`${current}.new`, current);
    };
    const looked = join(root, directory);
    for (let attempt = 0; attempt < 50; attempt++) {
      const look = { done: false };
      const looking = scanDirectory(looked).finally(() => (look.done = true));
      // Once and again: a link that leads where it led before tells nothing.
      for (let again = 0; again <= attempt % 8 && !look.done; again++) await flip();
      const scan = await looking;
      if (scan.state === 'unreadable') continue;
      expect(new Set([...scan.files.values()].map((content) => JSON.stringify(content))).size).toBe(1);
    }
    expect(flips).toBeGreaterThan(50);
    expect((await read(looked)).files.size).toBe(40);
  });

  it('tells by its digest whether anything is different', async () => {
    await write({ 'a.yaml': 'a', 'b.yaml': 'b' });
    const { digest } = await read();
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await read()).digest).toBe(digest);
    await write({ 'a.yaml': 'b', 'b.yaml': 'a' });
    const swapped = (await read()).digest;
    expect(swapped).not.toBe(digest);
    await rename(join(root, 'b.yaml'), join(root, 'c.yaml'));
    expect((await read()).digest).not.toBe(swapped);
  });

  it('says why a file cannot be read, and reads the others', async () => {
    await write({
      'good.yaml': 'a',
      'large.yaml': 'x'.repeat(1024 * 1024 + 1),
      'latin.yaml': new Uint8Array([0xe4]),
    });
    await symlink('nowhere', join(root, 'dangling.yaml'));
    await symlink('loop.yaml', join(root, 'loop.yaml'));
    await mkdir(join(root, 'dir'));
    await symlink('dir', join(root, 'directory.yaml'));
    expect(await filesOf()).toEqual({
      'dangling.yaml': { unreadable: 'is a symbolic link that leads nowhere' },
      'directory.yaml': { unreadable: 'is not a regular file' },
      'good.yaml': { text: 'a' },
      'large.yaml': { unreadable: 'Too long: must be no more than 1 MiB' },
      'latin.yaml': { unreadable: 'must be UTF-8' },
      'loop.yaml': { unreadable: 'cannot be read: its symbolic links lead in a circle' },
    });
  });

  it('reads a file of exactly 1 MiB', async () => {
    await write({ 'a.yaml': 'x'.repeat(1024 * 1024) });
    expect((await filesOf())['a.yaml']).toHaveProperty('text.length', 1024 * 1024);
  });

  it('does not wait for a pipe, nor read a device', async () => {
    execFileSync('mkfifo', [join(root, 'pipe.yaml')]);
    await symlink('/dev/zero', join(root, 'zero.yaml'));
    const reason = { unreadable: 'is not a regular file' };
    expect(await filesOf()).toEqual({ 'pipe.yaml': reason, 'zero.yaml': reason });
  });

  it('says why the directory cannot be read', async () => {
    await write({ file: '' });
    expect(await scanDirectory(join(root, 'missing'))).toEqual({
      state: 'unreadable',
      reason: 'there is no such file or directory',
    });
    expect(await scanDirectory(join(root, 'file'))).toEqual({
      state: 'unreadable',
      reason: 'it is not a directory',
    });
  });

  it('takes a subdirectory that it may not read for no reason to remove', async () => {
    await write({ 'a.yaml': 'a', 'closed/b.yaml': 'b' });
    await chmod(root, 0o755);
    await chmod(join(root, 'closed'), 0);
    // Root may read everything.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    const scan = await scanDirectory(root).finally(() => isRoot && process.seteuid?.(0));
    expect(scan).toEqual({ state: 'unreadable', reason: 'permission denied' });
  });

  it('refuses more than 10,000 files', async () => {
    for (let directory = 0; directory < 11; directory++) {
      const names = Array.from({ length: 910 }, (_, index) => `${directory}/${index}.yaml`);
      await mkdir(join(root, String(directory)));
      await Promise.all(names.map((name) => writeFile(join(root, name), '')));
    }
    expect(await scanDirectory(root)).toEqual({
      state: 'unreadable',
      reason: 'it has more than 10000 manifest files',
    });
  });
});
