import { expect, it } from 'vitest';
import { type CommandReport, failureCode, onCommand } from '../../src/kernel/command-report.ts';
import { Netlink } from '../../src/kernel/netlink.ts';
import { patienceWith, runProgram } from '../../src/kernel/programs.ts';
import { Shells } from '../../src/kernel/shell.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { linkQuery } from '../../src/rtnetlink/links.ts';

const reports: CommandReport[] = [];
onCommand((report) => reports.push(report));

async function reported(work: () => Promise<unknown>): Promise<CommandReport[]> {
  reports.length = 0;
  await work();
  return reports;
}

it('a program that did what it was to do is reported with the time it took', async () => {
  const [report, ...others] = await reported(() => runProgram('nft', ['--version']));
  expect(others).toEqual([]);
  expect(report).toMatchObject({ tool: 'nft', failures: [] });
  expect(report!.seconds).toBeGreaterThan(0);
});

it('what is asked of the kernel by netlink is reported with each message that failed', async () => {
  const netlink = new Netlink();
  const found = await reported(() => netlink.ask(['nowhere1', 'lo', 'nowhere2'].map(linkQuery)));
  expect(found).toMatchObject([{ tool: 'ip', failures: ['not_found', 'not_found'] }]);
  netlink.close();
});

it('what a shell runs counts, and other programs do not', async () => {
  const shells = new Shells();
  const found = await reported(() => shells.run('nft -c -f -', 'nonsense\n'));
  expect(found).toMatchObject([{ tool: 'nft', failures: ['invalid'] }]);
  expect(await reported(() => shells.run('cat', 'nft\n'))).toEqual([]);
  shells.close();
});

it('what hangs is killed, named, and reported as such', async () => {
  const shells = new Shells();
  const hanging = [
    () => runProgram('nft', ['monitor'], { timeout: 1_000 }),
    () => shells.run('nft monitor', '', 1_000),
  ];
  for (const run of hanging) {
    const found = await reported(async () => {
      const result = await run();
      expect(result).toMatchObject({ exitCode: undefined, timedOut: true });
      expect(result.stderr).toBe('nft has not answered within 1 s');
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
  expect(patienceWith('list sets\n'.repeat(1_000))).toBe(20_100);
});
