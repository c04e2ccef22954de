import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, route } from '../support/manifests.ts';
import { OnTrial, confirmed, guardOf } from '../support/on-trial.ts';

const before = [bridge('br0'), route('one', { to: '10.41.0.0/16', via: CLIENT })];
/** Changes one thing, removes one, and adds many: going back is no removal that has to be confirmed. */
const tried = [
  bridge('br0', { addresses: ['10.10.77.1/24'] }),
  ...Array.from({ length: 12 }, (_, index) =>
    route(`new${index}`, { to: `10.${100 + index}.0.0/16`, via: CLIENT }),
  ),
];

/** What of these manifests is in the kernel. */
function looks(lab: Lab): string {
  return ['-br address show dev br0', 'route show proto 199']
    .map((args) => lab.host.run(['ip', ...args.split(' ')]).stdout.replace(/fe80:\S+/g, ''))
    .join('')
    .replace(/ +/g, ' ');
}

/** A host on which the first manifests are in force, and the second are in the directory. */
function applied(lab: Lab): string {
  lab.write('a.yaml', ...before);
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  const good = looks(lab);
  lab.write('a.yaml', ...tried);
  return good;
}

const apply = (lab: Lab) => lab.cli('apply', '--manifests', lab.manifests);
const isTried = (lab: Lab): boolean => looks(lab).includes('10.111.0.0');

it('manifests that nobody confirms go back, and do not count until they change or are tried again', async () => {
  await using lab = new Lab();
  const good = applied(lab);
  const trial = new OnTrial(lab, '2s');
  await trial.asked();
  expect(isTried(lab)).toBe(true);
  expect(looks(lab)).not.toContain('10.41.0.0');
  trial.type('\n'); // no terminal: an empty line confirms nothing
  expect(await trial.status()).toBe(1);
  expect(trial.output).toContain('not confirmed: what was in force before is back');
  expect(looks(lab)).toBe(good);

  expect(apply(lab)).toMatchObject({ status: 1 });
  expect(apply(lab).stderr).toContain('were on trial and not confirmed: change them, or try them again');
  expect(confirmed(lab)).toMatchObject({ status: 1 });
  await lab.start();
  await lab.ready();
  expect(looks(lab)).toBe(good);
  await lab.stop();
  const again = new OnTrial(lab, '20s');
  await again.asked();
  again.type('confirm\n');
  expect(await again.status()).toBe(0);
  expect(isTried(lab)).toBe(true);
});

it('without anything in force before, nothing is left', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', ...tried);
  const trial = new OnTrial(lab, '1s');
  expect(await trial.status()).toBe(1);
  expect(looks(lab)).toBe('');
});

it('what is confirmed at the terminal or from elsewhere stays, and nobody watches any more', async () => {
  await using lab = new Lab();
  applied(lab);
  const trial = OnTrial.onTerminal(lab, '30s');
  trial.type('\n'); // before the question
  await trial.asked();
  expect(apply(lab).stderr).toContain('manifests are on trial');
  expect(guardOf(lab)).toBeGreaterThan(0);
  trial.type('\r');
  expect(await trial.status()).toBe(0);
  await lab.eventually('the guard has ended', () => guardOf(lab) === undefined);
  expect(isTried(lab)).toBe(true);

  lab.write('a.yaml', ...before);
  const second = new OnTrial(lab, '30s');
  await second.asked();
  expect(confirmed(lab)).toMatchObject({ status: 0 });
  expect(await second.status()).toBe(0);
  expect(isTried(lab)).toBe(false);
  expect(confirmed(lab)).toMatchObject({ status: 1 });
  expect(confirmed(lab).stderr).toContain('nothing is on trial');
});

it('Ctrl-C goes back at once', async () => {
  await using lab = new Lab();
  const good = applied(lab);
  const trial = OnTrial.onTerminal(lab, '10m');
  await trial.asked();
  trial.type('\x03');
  expect(await trial.status()).toBe(1);
  expect(looks(lab)).toBe(good);
});

it('a terminal that goes away does not keep it from going back', async () => {
  await using lab = new Lab();
  const good = applied(lab);
  const trial = OnTrial.onTerminal(lab, '2s');
  await trial.asked();
  trial.kill();
  expect(isTried(lab)).toBe(true);
  await lab.eventually('it goes back', () => looks(lab) === good);
  await lab.eventually('the guard has ended', () => guardOf(lab) === undefined);
});

it('a confirmation at the last moment is either in time or too late, and says which', async () => {
  await using lab = new Lab();
  const good = applied(lab);
  for (const milliseconds of [0, 300, 500, 700, 900, 1_100]) {
    const trial = new OnTrial(lab, '1s');
    await trial.asked();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const { status } = confirmed(lab);
    expect(await trial.status()).toBe(status);
    expect(isTried(lab), `${milliseconds}`).toBe(status === 0);
    if (status !== 0) {
      expect(looks(lab)).toBe(good);
      continue;
    }
    lab.write('a.yaml', ...before);
    expect(apply(lab)).toMatchObject({ status: 0 });
    lab.write('a.yaml', ...tried);
  }
});
