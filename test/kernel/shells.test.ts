import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Shells } from '../../src/kernel/shell.ts';

describe('shells', () => {
  let shells: Shells;
  beforeEach(() => {
    shells = new Shells();
  });
  afterEach(() => {
    shells.close();
  });

  it('give a program its input, and tell what it printed and how it ended', async () => {
    expect(await shells.run('cat; echo wrong >&2; (exit 3)', 'one\ntwo\n')).toMatchObject({
      stdout: 'one\ntwo\n',
      stderr: 'wrong\n',
      exitCode: 3,
    });
  });

  it('keep requests apart, more than there are shells', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `number ${index}\n`);
    const results = await Promise.all(texts.map((text) => shells.run('cat', text)));
    expect(results.map(({ stdout }) => stdout)).toEqual(texts);
    expect(new Set(results.map(({ pid }) => pid)).size).toBeLessThan(texts.length);
  });

  it('take large inputs, and outputs without an end of line', async () => {
    const input = `${'x'.repeat(5_000_000)}\n`;
    expect((await shells.run('cat', input)).stdout).toBe(input);
    expect((await shells.run('printf abc')).stdout).toBe('abc');
    expect((await shells.run('true')).stdout).toBe('');
  });

  it('leave no history of what nft was asked, neither at home nor in the root directory', async () => {
    const histories = ['/', `${homedir()}/`].map((directory) => `${directory}.nft.history`);
    const see = (): unknown => histories.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs);
    const before = see();
    expect(await shells.run('nft -i', 'list tables\n')).toMatchObject({ exitCode: 0 });
    expect(see()).toEqual(before);
  });

  it('keep nothing of a request that is over', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = async (requests: number): Promise<number> => {
      for (let count = 0; count < requests; count++) await shells.run('true');
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await heap(1_000);
    expect((await heap(1_000)) - before).toBeLessThan(1_000_000);
  });

  it('name a program that is missing, or was killed', async () => {
    expect(await shells.run('no-such-program')).toMatchObject({
      exitCode: undefined,
      stderr: 'no-such-program: not found\n',
    });
    expect(await shells.run("sh -c 'kill -9 $$'")).toMatchObject({
      exitCode: undefined,
      stderr: 'it was killed by SIGKILL',
    });
  });

  it('end what takes too long, and go on with another', async () => {
    const { pid, exitCode } = await shells.run('sleep 1000 & echo $! >&2; wait', '', 100);
    expect(exitCode).toBeUndefined();
    const next = await shells.run('echo on');
    expect(next.stdout).toBe('on\n');
    expect(next.pid).not.toBe(pid);
  });

  it('go on when a shell was killed', async () => {
    const first = await shells.run('echo $$');
    process.kill(first.pid!, 'SIGKILL');
    const killed = await shells.run('kill -9 $$');
    expect(killed.exitCode).toBeUndefined();
    expect((await shells.run('echo on')).stdout).toBe('on\n');
  });
});
