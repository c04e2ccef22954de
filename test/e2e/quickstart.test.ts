import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '../..');
const NODE = join(PROJECT, 'node_modules/.bin/node');

interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(...args: readonly string[]): Run {
  const child = spawn(NODE, [join(PROJECT, 'deploy/quickstart/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (text += data.toString()));
  return { process: child, output: () => text, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

/** What a run has left: namespaces, directories, processes of its container. */
function leftovers({ process: { pid } }: Run): string[] {
  const prefix = `lxnq${pid}`;
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return [...namespaces, ...readdirSync(tmpdir())].filter((name) => name.startsWith(prefix));
}

it('the quickstart shows every promise with a real LXC container, and leaves nothing behind', async () => {
  const run = start();
  expect(await run.ended, run.output()).toBe(0);
  for (const step of [
    'every resource is Ready',
    'the page at',
    'the same over IPv6',
    'port 81 is refused',
    'it cannot reach the LAN',
    'it can send mail',
    'deleted by hand is back',
    'all of it is gone',
    'teardown',
  ]) {
    expect(run.output()).toContain(`✓ `);
    expect(run.output()).toContain(step);
  }
  expect(run.output()).not.toContain('✗');
  expect(leftovers(run)).toEqual([]);
});

it('the quickstart leaves nothing behind when it is interrupted', async () => {
  const run = start('--keep');
  await new Promise<void>((resolve) => {
    run.process.stdout!.on('data', () => run.output().includes('From the LAN') && resolve());
  });
  run.process.kill('SIGINT');
  expect(await run.ended).toBe(130);
  expect(leftovers(run)).toEqual([]);
});
