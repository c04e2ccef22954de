import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
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

it('a watcher that is told of a change that it has missed is armed anew, and sees the next', async () => {
  directory = mkdtempSync(join(tmpdir(), 'lxcnet-deaf-'));
  const root = join(directory, 'manifests');
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(root, 'sub/a.yaml'), '1');
  const argv = ['--user', '--map-root-user', '--mount', process.execPath, AGENT, root];
  agent = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  agent.stdout!.on('data', (data: Buffer) => (output += data.toString()));
  const signs = (): number => output.split('sign').length - 1;
  const settled = async (): Promise<number> => {
    let last = -1;
    await expect
      .poll(() => signs() > 0 && signs() === last, { timeout: 15_000, interval: 300 })
      .toSatisfy((calm) => {
        last = signs();
        return calm === true;
      });
    return last;
  };

  await settled();
  // What is mounted over a directory causes no event, and hides what the watcher follows.
  const inside = ['--target', String(agent.pid), '--user', '--mount', '--preserve-credentials'];
  execFileSync('nsenter', [...inside, 'mount', '-t', 'tmpfs', 'none', join(root, 'sub')]);
  const mounted = join(`/proc/${agent.pid}/root`, root, 'sub');
  const before = await settled();
  agent.stdin!.write('missed\n');
  await expect.poll(signs, { timeout: 15_000 }).toBeGreaterThan(before);
  const armed = await settled();
  writeFileSync(join(mounted, 'b.yaml'), '1');
  await expect.poll(signs, { timeout: 15_000 }).toBeGreaterThan(armed);
});
