import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { namespaceIdentity } from '../../src/kernel/namespace-identity.ts';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, hooks, runHook } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { replaceHelper } from '../support/netlink-helper.ts';
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
  await lab.start(refusingNft(lab, { with: refused, without: 'get element' }));
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
  await lab.ready();
  // Without rtnetlink the daemon cannot look into the kernel, so no pass comes to its end.
  replaceHelper(lab, programs, 'exit 1');
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
  programs.restore('perl');
  await lab.eventually('it starts', starts);
});

it('who may not use the socket is told that, and not to start a daemon that runs', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'), lxcLink(lab, 'vm1', 10));
  await lab.start();
  const around = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const needsRoot = 'Hooks look into the filter, and need root: leave them out of the configuration of';
  for (const hook of ['pre-start', 'start-host']) {
    const { status, stderr } = runHook(lab, hook, { around });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /not started: there is no permission to use the daemon's socket \S+ \(EACCES\)\. /,
    );
    expect(stderr).toContain(needsRoot);
    expect(stderr).not.toMatch(/does not answer|systemctl/);
    const careless = runHook(lab, hook, { around, options: ['--on-daemon-down=start'] });
    expect(careless).toMatchObject({ status: 0, stderr: expect.stringContaining('EACCES') as string });
  }
  // The daemon takes its socket along.
  await lab.stop();
  const { status, stderr } = runHook(lab, 'pre-start', { around });
  expect(status).toBe(1);
  expect(stderr).toMatch(/Operation not permitted.*the daemon does not answer on \S+ \(ENOENT\)\. /);
  expect(stderr).toContain(needsRoot);
  expect(stderr).not.toContain('systemctl');
});

it('post-stop tells the daemon, which does not wait until it sees the end itself', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'), lxcLink(lab, 'vm1', 10));
  await lab.start();
  // In the place of a container's init, which outlives the container: by itself the daemon would see that it runs.
  const init = lab.follow(['unshare', '--net', 'sleep', '120']);
  const isApart = (): boolean =>
    namespaceIdentity(`/proc/${init.pid}/ns/net`) !== namespaceIdentity(`/proc/${lab.pid}/ns/net`) &&
    readFileSync(`/proc/${init.pid}/comm`, 'utf8') === 'sleep\n';
  await lab.eventually('it has a namespace of its own', isApart);
  expect(runHook(lab, 'start-host', { pid: init.pid! })).toMatchObject({ status: 0, stderr: '' });
  lab.cli('reconcile');
  expect(await lab.condition('link', 'vm1')).toMatchObject({ status: 'True' });
  expect(runHook(lab, 'post-stop')).toMatchObject({ status: 0, stderr: '' });
  const isGone = async (): Promise<boolean> =>
    (await lab.condition('link', 'vm1'))?.reason === 'ContainerNotRunning';
  await lab.eventually('the Link is told to have no container', isGone, 10_000);
  expect(init.exitCode).toBeNull();
  init.kill();
});
