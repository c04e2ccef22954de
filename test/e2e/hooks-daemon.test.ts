import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, hooks } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { OwnPrograms } from '../support/own-programs.ts';
import { refusingNft } from '../support/refusing-nft.ts';

/** A Link for the LXC container of the same name in a lab. */
const lxcLink = (lab: Lab, name: string, number: number): object =>
  link(name, '', number, { container: { lxc: name, lxcPath: `${lab.directory}/lxc` } });
const BRIEF = ['--timeout', '1s'];

it.each([
  ['an element', '10\\.10\\.20\\.10', /there is no 10\.10\.20\.10 in egress4 of table inet lxcnet/],
  ['the tables', 'table inet lxcnet', /the table inet lxcnet is not there/],
])('with the daemon up, and %s of the filter refused by nft, a container does not start', async (...row) => {
  const [, refused, words] = row;
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ['pre-start'], ...BRIEF)]);
  lab.write('a.yaml', bridge('br0'), lxcLink(lab, 'vm1', 10));
  await lab.start(refusingNft(lab, { with: refused }));
  expect(container.execute('/bin/touch', '/ran').status).not.toBe(0);
  expect(container.read('ran')).toBe('');
  expect(container.logged()).toMatch(
    new RegExp(`container vm1: not started: ${words.source}, and that for 1s: see 'lxcnet get links'`),
  );
});

it('with the daemon up, a container does not start before its manifest is carried out', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ['pre-start'], ...BRIEF)]);
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  lab.ready();
  // Without ip the daemon cannot look into the kernel, so no pass comes to its end.
  programs.replace('ip', 'exit 1');
  await lab.eventually('a pass has failed', () => {
    lab.host.exec('ip', 'link', 'set', 'br0', 'mtu', '1400');
    return lab.cli('events').stdout.includes('PassFailed');
  });
  lab.write('b.yaml', lxcLink(lab, 'vm1', 10));
  await lab.eventually('it is read', () => lab.log().includes('"files":2'));
  const starts = (): boolean => container.execute('/bin/touch', '/ran').status === 0;
  expect(starts()).toBe(false);
  expect(container.read('ran')).toBe('');
  expect(container.logged()).toContain(
    "not started: the daemon has not carried out the manifests yet, and that for 1s: see 'lxcnet get links'",
  );
  programs.restore('ip');
  await lab.eventually('it starts', starts);
});
