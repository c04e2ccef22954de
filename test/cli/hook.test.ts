import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Hook, hook } from '../../src/cli/hook.ts';

let root: string;
let server: Server | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxcnet-hook-'));
  mkdirSync(join(root, 'manifests'));
});
afterEach(() => {
  server?.close();
  rmSync(root, { recursive: true, force: true });
});

/** In the daemon's place: breaks off this many questions, as one that ends, and answers all that come after them. @returns how many there were. */
async function daemon(brokenOff: number, answer: object = { verdict: 'unnamed' }): Promise<() => number> {
  const body = JSON.stringify(answer);
  let asked = 0;
  server = createServer((socket) => {
    const breaksOff = asked++ < brokenOff;
    socket.once('data', () => socket.end(breaksOff ? '' : `HTTP/1.0 200 OK\r\n\r\n${body}`));
  });
  await new Promise<void>((resolve) => server?.listen(join(root, 'lxcnet.sock'), resolve));
  return () => asked;
}

async function run(
  which: Hook,
  further: { readonly timeout?: string } = {},
): Promise<{ readonly status: number; readonly said: string; readonly took: number }> {
  const options = { manifests: join(root, 'manifests'), stateDir: join(root, 'state'), runtimeDir: root };
  const environment = { LXC_NAME: 'vm1', LXC_PID: String(process.pid) };
  const said: string[] = [];
  const print = (line: string): void => void said.push(line);
  const before = performance.now();
  const status = await hook(
    which,
    { ...options, optional: true, onDaemonDown: 'fail', timeout: '30s', ...further },
    { stdout: print, stderr: print },
    environment,
  );
  return { status, said: said.join('\n'), took: performance.now() - before };
}

describe.each(['pre-start', 'start-host'] as const)('the hook %s', (which) => {
  it('asks again where the daemon is just being started again', async () => {
    await daemon(3);
    expect(await run(which)).toMatchObject({ status: 0, said: '' });
  });

  it('waits two seconds for a daemon that does not come back', async () => {
    const { status, said, took } = await run(which);
    expect(status).toBe(1);
    expect(said).toMatch(
      /which Links it has is not known.*; the daemon does not answer on \S+ \(ENOENT\)\. /,
    );
    expect(took).toBeGreaterThan(2_000);
    expect(took).toBeLessThan(15_000);
  });

  it.each([
    [
      { verdict: 'wait', reason: 'there is no filter' },
      /there is no filter, and that for 1ms: see 'lxcnet get/,
    ],
    [{ verdict: 'never', reason: 'it is Stalled' }, /container vm1: not started: it is Stalled$/],
    // One that was not started again after an upgrade.
    [
      { settled: true, links: [] },
      /the daemon is that of another version of lxcnet, and has to be started again/,
    ],
  ])('lets no container start where the daemon answers %o', async (answer, words) => {
    await daemon(0, answer);
    const { status, said } = await run(which, { timeout: '1ms' });
    expect(status).toBe(1);
    expect(said).toMatch(words);
  });

  it('waits no longer than it was told to', async () => {
    const asked = await daemon(Infinity);
    const { status, said } = await run(which, { timeout: '1ms' });
    expect(status).toBe(1);
    expect(said).toContain('(its answer breaks off).');
    // On a fast machine the first answer may be there within the millisecond.
    expect(asked()).toBeLessThanOrEqual(2);
  });
});
