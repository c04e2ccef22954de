import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LxcProcesses } from '../../src/kernel/lxc.ts';
import { identityOf } from '../../src/kernel/process-identity.ts';
import { startOf } from '../../src/kernel/processes.ts';

vi.mock(import('../../src/kernel/processes.ts'), async (original) => {
  const real = await original();
  return { ...real, startOf: vi.fn(real.startOf) };
});

const VM1 = { name: 'vm1', path: '/nowhere' };
let init: ChildProcess;
let processes: LxcProcesses;
beforeEach(async () => {
  // Until it has read a line it is in the namespace of this test.
  init = spawn('sh', ['-c', 'echo; read x; exec unshare --net sh -c "echo; exec sleep 60"']);
  await printedLine();
  processes = new LxcProcesses();
  expect(processes.announce(VM1, identityOf(init.pid!)!)).toBeUndefined();
  expect(await processes.find([VM1])).toEqual([identityOf(init.pid!)]);
});
afterEach(() => {
  init.kill('SIGKILL');
  processes.close();
});

const printedLine = (): Promise<void> => new Promise((resolve) => init.stdout!.once('data', () => resolve()));

it('a process that is in another network namespace now is not that of the container any more', async () => {
  const printed = printedLine();
  init.stdin!.write('\n');
  await printed;
  expect(await processes.find([VM1])).toEqual([undefined]);
});

it('a process that was started at another time is not that of the container', async () => {
  const { startedAt } = identityOf(init.pid!)!;
  vi.mocked(startOf).mockReturnValueOnce(String(Number(startedAt) + 1));
  expect(await processes.find([VM1])).toEqual([undefined]);
});
