import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listeningSockets } from '../../src/kernel/lxc-sockets.ts';
import { targetOf } from '../../src/kernel/processes.ts';
import { SocketHolders } from '../../src/kernel/socket-holders.ts';

let directory: string;
let server: Server;
let holders: SocketHolders;
let inode: string;
let heir: ChildProcess | undefined;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lxcnet-holders-'));
  const path = join(directory, 'socket');
  server = createServer().listen(path);
  await once(server, 'listening');
  inode = (await listeningSockets()).get(path)!;
  holders = new SocketHolders();
});
afterEach(() => {
  holders.close();
  heir?.kill('SIGKILL');
  server.close();
  rmSync(directory, { recursive: true });
});

it('of a socket are all processes that have it, with the descriptor, and of one that nobody has none', async () => {
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  heir = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  await once(heir, 'spawn');
  const found = await holders.of([inode, '4000000001'], false);
  expect([...found.keys()]).toEqual([inode]);
  expect(
    found
      .get(inode)!
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual([process.pid, heir.pid!].sort());
  for (const { pid, fd } of found.get(inode)!) expect(targetOf(pid, fd)).toBe(`socket:[${inode}]`);
});

it('are looked for among all processes where one is not found, or where all are of interest', async () => {
  const pids = async (all: boolean): Promise<unknown> =>
    ((await holders.of([inode], all)).get(inode) ?? []).map(({ pid }) => pid).sort();
  const own = [process.pid];
  expect(await pids(false)).toEqual(own);
  // As long as it counts as one that was started a moment ago it is found anyway.
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  expect(await pids(false)).toEqual(own);
  heir = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  await once(heir, 'spawn');
  expect(await pids(false)).toEqual([heir.pid]);
  expect(await pids(true)).toEqual([process.pid, heir.pid!].sort());
});

it('are found again after the program that looks for them was killed', async () => {
  expect((await holders.of([inode], false)).get(inode)).toHaveLength(1);
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const isHelper = (pid: string): boolean =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('lxcnet-sockets');
  process.kill(Number(children.find(isHelper)), 'SIGKILL');
  await expect.poll(async () => (await holders.of([inode], false)).get(inode)?.length).toBe(1);
});
