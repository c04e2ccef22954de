import { expect, it } from 'vitest';
import { type CommandReport, failureCode, onCommand } from '../../src/kernel/command-report.ts';
import { patienceWith, runProgram } from '../../src/kernel/programs.ts';
import { Shells } from '../../src/kernel/shell.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';

const reports: CommandReport[] = [];
onCommand((report) => reports.push(report));

async function reported(work: () => Promise<unknown>): Promise<CommandReport[]> {
  reports.length = 0;
  await work();
  return reports;
}

it('a program that did what it was to do is reported with the time it took', async () => {
  const [report, ...others] = await reported(() => runProgram('ip', ['-Version']));
  expect(others).toEqual([]);
  expect(report).toMatchObject({ tool: 'ip', failures: [] });
  expect(report!.seconds).toBeGreaterThan(0);
});

it('a batch is reported with each command that failed', async () => {
  const batch = 'link show dev nowhere1\nlink show dev lo\nlink show dev nowhere2\n';
  const found = await reported(() => runProgram('ip', ['-force', '-batch', '-'], { input: batch }));
  expect(found).toMatchObject([{ tool: 'ip', failures: ['not_found', 'not_found'] }]);
});

it('what a shell runs counts, and other programs do not', async () => {
  const shells = new Shells();
  const found = await reported(() => shells.run('nsenter --net=/proc/self/ns/net ip -batch -', 'nonsense\n'));
  expect(found).toMatchObject([{ tool: 'ip', failures: ['other'] }]);
  expect(await reported(() => shells.run('cat', 'ip\n'))).toEqual([]);
  shells.close();
});

it('what hangs is killed, named, and reported as such', async () => {
  const shells = new Shells();
  const hanging = [
    () => runProgram('ip', ['monitor'], { timeout: 1_000 }),
    () => shells.run('ip monitor', '', 1_000),
  ];
  for (const run of hanging) {
    const found = await reported(async () => {
      const result = await run();
      expect(result).toMatchObject({ exitCode: undefined, timedOut: true });
      expect(result.stderr).toBe('ip has not answered within 1 s');
    });
    expect(found).toMatchObject([{ failures: ['timeout'] }]);
  }
  shells.close();
});

it('sysctls are reported, too', async () => {
  expect(await reported(() => writeSysctl('net/ipv4/nothing', '1'))).toMatchObject([
    { tool: 'sysctl', failures: ['not_found'] },
  ]);
});

it.each([
  ['RTNETLINK answers: File exists', 'exists'],
  ['Cannot find device "x"', 'not_found'],
  ['ENOENT: no such file or directory, open', 'not_found'],
  ['RTNETLINK answers: Operation not permitted', 'denied'],
  ['EACCES: permission denied, open', 'denied'],
  ['Error: Unknown device type.', 'unsupported'],
  ['Error: Could not process rule: Operation not supported', 'unsupported'],
  ['Error: syntax error, unexpected string', 'invalid'],
  ['Command failed with ENOENT: nft -f -\nspawn nft ENOENT', 'other'],
  ['', 'other'],
])('%j is %s', (words, code) => {
  expect(failureCode(words)).toBe(code);
});

it('a program has ten seconds, and more for more input', () => {
  expect(patienceWith('')).toBe(10_000);
  expect(patienceWith('link show\n'.repeat(1_000))).toBe(20_100);
});
