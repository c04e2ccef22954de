import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NETFILTER_LISTENER } from '../../src/kernel/nft-monitor.ts';
import { kernelState } from '../support/kernel-state.ts';
import { Lab } from '../support/lab.ts';

const EXAMPLES = join(import.meta.dirname, '../../manifests');
const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));

/** The kernel's own: a bridge announces a port 15 s after it joined. What somebody changes, it announces with more. */
const isTimer = (line: string): boolean => line.includes(' master ') && !line.includes(' qdisc ');

/** Follows everything that is written to the kernel, and keeps it. */
function follow(lab: Lab): { readonly lines: () => string[]; stop(): void } {
  const programs: ChildProcess[] = [];
  let text = '';
  for (const argv of [
    NETFILTER_LISTENER,
    ['ip', '-o', 'monitor', 'link', 'address', 'route', 'netconf', 'all-nsid'],
  ]) {
    const program = spawn('ip', ['netns', 'exec', lab.host.name, ...argv], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    program.stdout.on('data', (data: Buffer) => (text += data.toString()));
    programs.push(program);
  }
  return {
    lines: () => text.split('\n').filter(Boolean),
    stop: () => programs.forEach((program) => program.kill()),
  };
}

it.each(files)('%s converges, converges again without a write, and goes without a trace', async (file) => {
  await using lab = new Lab();
  const text = readFileSync(join(EXAMPLES, file), 'utf8');
  // The examples name their containers vm1, web, …; the lab's have names of their own.
  const renamed = text.replaceAll(/netns: (\w+)/g, (_, name: string) => `netns: ${lab.container(name).name}`);
  const before = kernelState(lab.host);
  lab.write(file, renamed);
  expect(lab.cli('validate', lab.manifests)).toMatchObject({ status: 0 });
  const manifests = ['--manifests', lab.manifests];
  expect(lab.cli('diff', ...manifests)).toMatchObject({ status: 1 });
  const applied = lab.cli('apply', ...manifests);
  expect(applied, applied.stderr).toMatchObject({ status: 0 });
  expect(lab.cli('diff', ...manifests)).toMatchObject({ status: 0, stdout: '' });

  // The kernel itself announces the end of duplicate address detection, a second or two after a link comes up.
  const tentative = (): boolean =>
    lab.namespaces().some((netns) => netns.exec('ip', '-6', 'address', 'show', 'tentative') !== '');
  await lab.eventually('addresses are settled', () => !tentative());
  // And up to a second after a bridge has come up that it has no carrier.
  const changing = (): boolean =>
    lab.host.exec('ip', '-o', 'link', 'show', 'type', 'bridge', 'up').includes('state UNKNOWN');
  await lab.eventually('bridges are settled', () => !changing());
  const monitor = follow(lab);
  // A write of our own proves that the monitors listen; silence between two of them means something.
  const marker = (network: string): boolean => {
    for (const verb of ['add', 'delete']) lab.host.exec('ip', 'route', verb, 'blackhole', network);
    return monitor.lines().some((line) => line.includes(network));
  };
  await lab.eventually('the monitor hears', () => marker('10.98.0.0/16'));
  const heard = monitor.lines().length;
  const again = lab.cli('apply', ...manifests);
  expect(again).toMatchObject({ status: 0, stdout: expect.stringMatching(/, 0 changes\n$/) as string });
  await lab.start();
  await lab.ready();
  await lab.eventually('the monitor hears', () => marker('10.99.0.0/16'));
  expect(
    monitor
      .lines()
      .slice(heard)
      .filter((line) => !/10\.9[89]\.0\.0\/16/.test(line) && !isTimer(line)),
  ).toEqual([]);
  monitor.stop();

  expect(await lab.stop()).toBe(0);
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  await lab
    .eventually(
      'the kernel is as before',
      () => JSON.stringify(kernelState(lab.host)) === JSON.stringify(before),
    )
    .catch(() => undefined);
  expect(kernelState(lab.host)).toEqual(before);
});
