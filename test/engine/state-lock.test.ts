import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StateLock } from '../../src/engine/state-lock.ts';

let directory = '';
let state = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lxcnet-lock-'));
  state = join(directory, 'state');
});
afterEach(() => rm(directory, { recursive: true }));

it('a lock that is held is refused with the process that holds it, and free after its release', async () => {
  const lock = await StateLock.acquire(state);
  await expect(StateLock.acquire(state)).rejects.toThrow(`process ${process.pid} holds ${state}/lock.1`);
  await lock.release();
  await (await StateLock.acquire(state)).release();
  expect(await readdir(state)).toEqual([]);
});

it('the lock of a process that has ended is taken over', async () => {
  const ended = spawn('true');
  await once(ended, 'exit');
  await (await StateLock.acquire(state)).release();
  for (const content of [
    JSON.stringify({ pid: ended.pid, started: '1', boot: 'x' }),
    // Its number was given to another process since.
    JSON.stringify({ pid: process.pid, started: '1', boot: 'x' }),
    '',
    'not JSON',
  ]) {
    await writeFile(join(state, 'lock.3'), content);
    const lock = await StateLock.acquire(state);
    expect(await readdir(state)).toEqual(['lock.4']);
    await lock.release();
  }
});

it('of many that want a lock that was left behind, one gets it', async () => {
  await (await StateLock.acquire(state)).release();
  await writeFile(join(state, 'lock.7'), JSON.stringify({ pid: 1, started: '0', boot: 'x' }));
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => StateLock.acquire(state)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
