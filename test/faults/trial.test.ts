import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, route } from '../support/manifests.ts';
import { OnTrial, confirmed, guardOf } from '../support/on-trial.ts';

const GOOD = '10.41.0.0/16';
const before = [bridge('br0'), route('good', { to: GOOD, via: CLIENT })];
const tried = (number: number): object[] => [
  bridge('br0'),
  ...Array.from({ length: 10 }, (_, index) =>
    route(`new${index}`, { to: `10.${number + index}.0.0/16`, via: CLIENT }),
  ),
];
const routes = (lab: Lab): string => lab.host.exec('ip', 'route', 'show', 'proto', '199');
const isGood = (lab: Lab): boolean =>
  /^10\.41\.0\.0\S* via \S+ dev eth0 $/m.test(routes(lab)) && routes(lab).split('\n').length === 2;

function applied(lab: Lab): void {
  lab.write('a.yaml', ...before);
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  expect(isGood(lab)).toBe(true);
  lab.write('a.yaml', ...tried(100));
}

/** Of a trial in which something has to happen: it does so within a second, but not on a machine that is busy. */
const LONG = '10s';
/** When such a trial is over that asks now. */
const endOfTrial = (): number => performance.now() + 10_000;

async function until(time: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, time - performance.now()));
}

const onDisk = (lab: Lab): boolean => existsSync(join(lab.directory, 'state/trial.json'));
const kill = (pid: number | undefined): void => void process.kill(pid!, 'SIGKILL');

it('a trial whose apply is killed at any moment goes back', async () => {
  await using lab = new Lab();
  applied(lab);
  const moments: [string, (trial: OnTrial) => Promise<unknown>][] = [
    ['before it has written anything', () => Promise.resolve()],
    ['when the trial is on disk', () => lab.eventually('it is on disk', () => onDisk(lab))],
    ['when the guard watches', () => lab.eventually('it watches', () => guardOf(lab))],
    ['when the kernel is changed', () => lab.eventually('changed', () => routes(lab).includes('10.100.0.0'))],
    ['when it asks', (trial) => trial.asked()],
  ];
  for (const [moment, arrives] of moments) {
    const trial = new OnTrial(lab, '2s');
    await arrives(trial);
    trial.kill();
    await trial.status();
    const start = performance.now();
    await lab.eventually(`it goes back: killed ${moment}`, () => isGood(lab) && guardOf(lab) === undefined);
    record({ fault: `apply --confirm killed ${moment}`, healed: performance.now() - start, limit: 15_000 });
    // Where nobody watched yet, nothing was changed; what is left on disk is cleared away by the next command.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(lab.cli('apply', '--manifests', lab.manifests).status).toBe(onDisk(lab) ? 1 : 0);
    lab.write('a.yaml', ...before);
    expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
    lab.write('a.yaml', ...tried(100));
  }
});

it('where apply and the guard are killed, the next apply or the next start of the daemon has it go back', async () => {
  await using lab = new Lab();
  for (const next of ['apply', 'daemon'] as const) {
    applied(lab);
    const trial = new OnTrial(lab, '1s');
    await trial.asked();
    kill(guardOf(lab));
    trial.kill();
    await trial.status();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(isGood(lab)).toBe(false);
    if (next === 'apply') {
      expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 1 });
    } else {
      await lab.start();
      expect(lab.cli('events').stdout).toContain('TrialNotConfirmed');
    }
    expect(isGood(lab)).toBe(true);
    lab.write('a.yaml', ...before);
  }
});

it('with the daemon, edits go back with everything that was edited meanwhile, and no rescan takes them up', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', ...before);
  await lab.start();
  await lab.ready();
  const trial = new OnTrial(lab, LONG);
  await trial.asked();
  lab.write('a.yaml', ...tried(100));
  await lab.eventually('the first edit is in force', () => routes(lab).includes('10.100.0.0'));
  lab.write('a.yaml', ...tried(120));
  await lab.eventually('the second edit is in force', () => routes(lab).includes('10.120.0.0'));
  expect(await trial.status()).toBe(1);
  await lab.eventually('it is back', () => isGood(lab));
  expect(lab.cli('reconcile').stdout).toContain('what was in force before stays until they change');
  expect(isGood(lab)).toBe(true);
  expect(lab.cli('events').stdout).toContain('TrialNotConfirmed');
  expect(await lab.http('/metrics')).toContain('lxcnet_source_held_back 1');
  expect(lab.cli('apply', '--manifests', lab.manifests).stderr).toContain('were not confirmed');
  // Nor does a start.
  await lab.stop();
  await lab.start();
  await lab.ready();
  expect(isGood(lab)).toBe(true);
  lab.write('b.yaml', route('more', { to: '10.66.0.0/16', via: CLIENT }));
  await lab.eventually('an edit counts again', () => /10\.66\.0\.0[^]*10\.120\.0\.0/.test(routes(lab)));
  expect(await lab.http('/metrics')).toContain('lxcnet_source_held_back 0');
});

it('with the daemon, what is confirmed stays', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', ...before);
  await lab.start();
  await lab.ready();
  const trial = new OnTrial(lab, LONG);
  await trial.asked();
  const end = endOfTrial();
  lab.write('a.yaml', ...tried(100));
  await lab.eventually('the edit is in force', () => routes(lab).includes('10.100.0.0'));
  expect(confirmed(lab)).toMatchObject({ status: 0 });
  expect(await trial.status()).toBe(0);
  await until(end + 500);
  expect(routes(lab)).toContain('10.100.0.0');
  expect(confirmed(lab)).toMatchObject({ status: 1 });
});

for (const restart of ['at once', 'after it went back', 'after the guard was killed, too'] as const) {
  it(`a daemon that is killed while it has edits on trial, and started ${restart}, does not keep them`, async () => {
    await using lab = new Lab();
    lab.write('a.yaml', ...before);
    await lab.start();
    await lab.ready();
    const trial = new OnTrial(lab, LONG);
    await trial.asked();
    const end = endOfTrial();
    lab.write('a.yaml', ...tried(100));
    await lab.eventually('the edit is in force', () => routes(lab).includes('10.109.0.0'));
    await lab.stop('SIGKILL');
    if (restart === 'at once') {
      await lab.start();
      expect(routes(lab)).toContain('10.109.0.0');
      expect(await trial.status()).toBe(1);
    } else if (restart === 'after it went back') {
      expect(await trial.status()).toBe(1);
      expect(isGood(lab)).toBe(true);
      await lab.start();
    } else {
      trial.kill();
      kill(guardOf(lab));
      await until(end);
      await lab.start();
    }
    await lab.eventually('it is back', () => isGood(lab));
    record({
      fault: `SIGKILL during a trial, started ${restart}`,
      healed: Math.max(0, performance.now() - end),
      limit: 30_000,
    });
    await lab.ready();
    expect(isGood(lab)).toBe(true);
  });
}

it('a daemon that starts during a trial takes it up', async () => {
  await using lab = new Lab();
  applied(lab);
  const trial = new OnTrial(lab, LONG);
  await trial.asked();
  await lab.start();
  expect(routes(lab)).toContain('10.100.0.0');
  expect(await trial.status()).toBe(1);
  await lab.eventually('it is back', () => isGood(lab));
});
