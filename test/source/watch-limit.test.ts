import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const AGENT = join(import.meta.dirname, '../support/watch-agent.ts');

let directory = '';
let agent: ChildProcess | undefined;
afterEach(() => {
  agent?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

it.each([
  ['max_inotify_watches', 2, /problem .*(ENOSPC|EMFILE)/],
  ['max_inotify_instances', 0, /problem .*EMFILE/],
])(
  'where the user has too few of %s, that is told, and there is a sign every second',
  async (limit, number, told) => {
    directory = mkdtempSync(join(tmpdir(), 'lxcnet-limit-'));
    const root = join(directory, 'manifests');
    mkdirSync(join(root, 'sub/sub'), { recursive: true });
    for (const name of ['a.yaml', 'b.yaml', 'sub/c.yaml', 'sub/sub/d.yaml'])
      writeFileSync(join(root, name), '1');
    // A user namespace has limits of its own, so that the machine keeps its.
    const inside = `echo ${number} > /proc/sys/user/${limit} && exec "$@"`;
    const argv = ['--user', '--map-root-user', 'sh', '-c', inside, 'sh', process.execPath, AGENT, root];
    agent = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    agent.stdout!.on('data', (data: Buffer) => (output += data.toString()));
    await expect.poll(() => output, { timeout: 15_000 }).toMatch(told);
    const before = output.split('sign').length;
    const start = performance.now();
    await expect.poll(() => output.split('sign').length, { timeout: 15_000 }).toBeGreaterThan(before + 4);
    // A machine that is busy may give more time between them, and the first ones come at once.
    expect(performance.now() - start).toBeGreaterThan(500);
  },
);
