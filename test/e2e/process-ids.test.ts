import { expect, it } from 'vitest';
import { childrenOf } from '../../src/kernel/processes.ts';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { printed } from '../support/programs.ts';

/** Process ids of its own, which a test may give out again: the shell sees to it that none is left over. */
const OWN_IDS = [
  ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ...['sh', '-c', '"$@" & wait', 'sh'],
];
const SLEEP = ['unshare', '--net', 'sleep', '600'];

/** A command of the daemon's process namespace. */
const beside = (lab: Lab, ...argv: readonly string[]): readonly string[] => [
  'nsenter',
  `--target=${childrenOf(lab.pid)[0]}`,
  '--pid',
  '--mount',
  ...argv,
];

/** Starts a process with a network namespace of its own until it gets this id, or any. @returns its id. */
function startAs(lab: Lab, id?: number): number {
  const end = performance.now() + 10_000;
  for (;;) {
    const next = id === undefined ? '' : `echo ${id - 1} >/proc/sys/kernel/ns_last_pid; `;
    const script = `${next}"$@" </dev/null >/dev/null 2>&1 & echo $!`;
    const pid = Number(lab.host.exec(...beside(lab, 'sh', '-c', script, 'sh', ...SLEEP)));
    if (id === undefined || pid === id) return pid;
    if (performance.now() > end) throw new Error(`the process id ${id} is not free`);
    // Something else was faster.
    lab.host.exec(...beside(lab, 'kill', '-9', String(pid)));
  }
}

it('a process id that goes to another process gives it nothing, and the manifest can name the new one', async () => {
  await using lab = new Lab(() => OWN_IDS);
  const write = (pid: number): void =>
    lab.write('a.yaml', bridge('br0'), link('c', '', 10, { container: { pid } }));
  const interfaces = (pid: number): string =>
    lab.host.exec(...beside(lab, 'nsenter', `--net=/proc/${pid}/ns/net`, 'ip', '-o', 'link'));
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  const first = startAs(lab);
  write(first);
  await lab.eventually('it has its link', async () => (await lab.condition('link', 'c'))?.status === 'True');
  lab.host.exec(...beside(lab, 'kill', '-9', String(first)));
  await lab.eventually(
    'it is gone',
    async () => (await lab.condition('link', 'c'))?.message === `there is no process ${first}`,
  );

  expect(startAs(lab, first)).toBe(first);
  await lab.eventually('it is told', async () =>
    (await lab.condition('link', 'c'))?.message.startsWith(`process ${first} is another one than before`),
  );
  expect(await lab.condition('link', 'c')).toMatchObject({
    status: 'False',
    reason: 'ContainerNotRunning',
    message: expect.stringContaining(
      "write the id of the container's process of now into spec.container.pid",
    ) as string,
  });
  expect(interfaces(first)).not.toContain('eth0');

  const second = startAs(lab);
  write(second);
  await lab.eventually('the new one has it', () => interfaces(second).includes('eth0'));
  await lab.ready();
  expect(interfaces(first)).not.toContain('eth0');
  // Whoever names it now means the process that it is.
  write(first);
  await lab.eventually('it has it', () => interfaces(first).includes('eth0'));
  await lab.ready();
});

it('a process that goes into another network namespace is the same one', async () => {
  await using lab = new Lab();
  const program = lab.follow(['sh', '-c', 'echo $$; read x; exec "$@"', 'sh', ...SLEEP]);
  const pid = Number(await printed(program, /(\d+)\n/));
  lab.write('a.yaml', bridge('br0'), link('c', '', 10, { container: { pid } }));
  await lab.start();
  await lab.eventually('it is told', async () =>
    (await lab.condition('link', 'c'))?.message.includes("shares the host's network namespace"),
  );
  program.stdin!.write('\n');
  await lab.eventually('it has its link', async () => (await lab.condition('link', 'c'))?.status === 'True');
  program.kill('SIGKILL');
});
