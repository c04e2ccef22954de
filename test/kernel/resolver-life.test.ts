import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import type { NetNs } from '../support/netns.ts';
import { OnTrial } from '../support/on-trial.ts';
import { OwnPrograms } from '../support/own-programs.ts';
import { ask, dhcp, isAnotherResolver, resolverPid, udhcpc } from '../support/resolver.ts';

const MAC = '02:00:00:00:20:01';
const SPEC = { dns: {}, dhcp: {} };

/** A lab with br0 and vm1 on it. */
async function start(lab: Lab): Promise<NetNs> {
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0', SPEC));
  lab.write('b.yaml', link('vm1', vm1.name, 10, { macAddress: MAC }));
  await lab.start();
  await lab.ready();
  return vm1;
}

const answers = (from: NetNs, name = 'vm1'): boolean =>
  ask(from, '10.10.20.1', `${name}.default.lxcnet`).answers?.length === 1;
const lends = (from: NetNs): boolean => dhcp(from, 'DISCOVER', MAC).answer === 'OFFER';
const directory = (lab: Lab): string => join(lab.directory, 'run/resolvers/br0');

/** How often the daemon has looked at the kernel. */
const passes = async (lab: Lab): Promise<string> =>
  /^lxcnet_batch_duration_seconds_count\{phase="observe"\} .*$/m.exec(await lab.http('/metrics'))![0];

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

it.each([
  ['SIGKILL', 'dns'],
  ['SIGSTOP', 'dns'],
  ['SIGTERM', 'dns'],
  ['SIGKILL', 'dhcp'],
  ['SIGSTOP', 'dhcp'],
] as const)('after %s that for %s is started again', async (signal, which) => {
  await using lab = new Lab();
  const vm1 = await start(lab);
  expect(answers(vm1)).toBe(true);
  // Whatever else has the kernel looked at would find it out, too.
  await lab.eventually('nothing else happens', async () => {
    const before = await passes(lab);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return (await passes(lab)) === before;
  });
  const pid = resolverPid(lab, `br0/${which}`);
  process.kill(pid, signal);
  await lab.eventually('another one runs', () => isAnotherResolver(lab, `br0/${which}`, pid), 5_000);
  await lab.eventually('it answers', () => answers(vm1));
  await lab.eventually('it lends', () => lends(vm1));
  expect(lives(pid)).toBe(false);
  await lab.eventually('it is told', () =>
    new RegExp(`DriftCorrected.*dnsmasq of br0/${which}`).test(lab.cli('events').stdout),
  );
});

it('a link that comes has its name within a second, one that goes has none, and the process stays', async () => {
  await using lab = new Lab();
  const vm1 = await start(lab);
  const vm2 = lab.container('vm2');
  const pid = resolverPid(lab);
  expect(udhcpc(vm1)).toMatchObject({ ip: '10.10.20.10' });
  lab.write('c.yaml', link('vm2', vm2.name, 11));
  await lab.eventually('its name is known', () => answers(vm1, 'vm2'), 10_000);
  lab.write('c.yaml', link('vm2', vm2.name, 12));
  await lab.eventually('its new address is known', () =>
    ask(vm1, '10.10.20.1', 'vm2.default.lxcnet').answers?.includes('10.10.20.12'),
  );
  await lab.ready();
  // Also a client that has its lease already goes on, although DHCP was started again.
  expect(udhcpc(vm1)).toMatchObject({ ip: '10.10.20.10' });
  expect(udhcpc(vm2)).toMatchObject({ ip: '10.10.20.12' });
  lab.remove('c.yaml');
  await lab.eventually('its name is gone', () => ask(vm1, '10.10.20.1', 'vm2.default.lxcnet').code === 3);
  expect(resolverPid(lab)).toBe(pid);
  // None of this is a correction of what somebody else has done to the bridge.
  expect(lab.cli('events').stdout).not.toMatch(/DriftCorrected +bridge/);
});

it('names are there while the daemon is not, and the next one goes on with the same process', async () => {
  await using lab = new Lab();
  const vm1 = await start(lab);
  const pid = resolverPid(lab);
  expect(await lab.stop()).toBe(0);
  expect(answers(vm1)).toBe(true);
  await lab.start();
  await lab.ready();
  expect(resolverPid(lab)).toBe(pid);
  expect(lab.cli('events').stderr).toContain('No events found');
  await lab.stop('SIGKILL');
  process.kill(pid, 'SIGKILL');
  await lab.eventually('it is gone', () => !lives(pid));
  await lab.start();
  await lab.eventually('it answers', () => answers(vm1));
  await lab.stop();
  const state = ['--manifests', lab.manifests];
  expect(lab.cli('diff', ...state)).toMatchObject({ status: 0, stdout: '' });
  const last = resolverPid(lab);
  process.kill(last, 'SIGKILL');
  await lab.eventually('it is gone', () => !lives(last));
  expect(lab.cli('diff', ...state).stdout).toBe('+ dnsmasq of br0/dns  (Bridge/br0)\n');
  expect(lab.cli('apply', ...state)).toMatchObject({ status: 0 });
  expect(answers(vm1)).toBe(true);
});

it('after a deleted bridge and a flushed ruleset it answers again', async () => {
  await using lab = new Lab();
  const vm1 = await start(lab);
  lab.host.exec('nft', 'flush', 'ruleset');
  await lab.eventually('the rules are back', () => answers(vm1));
  lab.host.exec('ip', 'link', 'delete', 'br0');
  await lab.eventually('the bridge is back', () => answers(vm1));
  await lab.eventually('leases, too', () => lends(vm1));
});

it('it ends with its fields, with its bridge, and with a teardown; what is not ours is left alone', async () => {
  await using lab = new Lab();
  const vm1 = await start(lab);
  const gone = async (pid: number): Promise<void> => {
    await lab.eventually('it ended', () => !lives(pid) && !existsSync(directory(lab)));
  };
  let pid = resolverPid(lab);
  lab.write('a.yaml', bridge('br0'));
  await gone(pid);
  expect(ask(vm1, '10.10.20.1', 'vm1.default.lxcnet')).toEqual({ failure: 'timeout' });

  lab.write('a.yaml', bridge('br0', SPEC));
  await lab.ready();
  pid = resolverPid(lab);
  // Somebody else's process, of which our file says that it is ours.
  const stranger = lab.follow(['sleep', '600']);
  writeFileSync(join(directory(lab), 'dns/pid'), `${stranger.pid}\n`);
  await lab.eventually('ours is found all the same, and replaced', () => !lives(pid));
  await lab.eventually('it answers', () => answers(vm1));
  pid = resolverPid(lab);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();

  lab.remove('b.yaml');
  lab.write('a.yaml', bridge('br1', { addresses: ['10.10.21.1/24'], dns: {} }));
  await gone(pid);
  await lab.ready();
  pid = resolverPid(lab, 'br1/dns');
  await lab.stop();
  expect(lives(pid)).toBe(true);
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(lives(pid)).toBe(false);
  expect(existsSync(join(lab.directory, 'run/resolvers/br1'))).toBe(false);
  expect(lives(stranger.pid!)).toBe(true);
});

it('ends where its field was on trial and nobody has confirmed it', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  expect(lab.cli('apply', '--manifests', lab.manifests)).toMatchObject({ status: 0 });
  lab.write('a.yaml', bridge('br0', { dns: {} }));
  const trial = new OnTrial(lab, '2s');
  await trial.asked();
  const pid = resolverPid(lab);
  expect(lives(pid)).toBe(true);
  // What watches over the trial has it go back, and knows where the files are.
  trial.kill();
  await lab.eventually('it ended', () => !lives(pid) && !existsSync(directory(lab)));
});

it('without the program the bridge says what to install, and everything else of it works', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  programs.remove('dnsmasq');
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0', SPEC), link('vm1', vm1.name, 10, { macAddress: MAC }));
  await lab.start();
  const said = await lab.eventually('it is told', async () => {
    const ready = await lab.condition('br', 'br0');
    return ready?.reason === 'ProgramNotFound' ? ready : undefined;
  });
  expect(said).toMatchObject({
    status: 'False',
    message: expect.stringContaining('install dnsmasq-base') as string,
  });
  await lab.eventually(
    'the link is ready',
    async () => (await lab.condition('link', 'vm1'))?.status === 'True',
  );
  expect(lab.cli('describe', 'br', 'br0').stdout).toContain('dnsmasq for dns: not installed');
  lab.host.exec('ip', 'address', 'delete', '10.10.20.1/24', 'dev', 'br0');
  await lab.eventually('its address is back', () =>
    lab.host.exec('ip', 'address', 'show', 'dev', 'br0').includes('10.10.20.1/24'),
  );
  programs.restore('dnsmasq');
  await lab.eventually('it answers', () => answers(vm1));
  await lab.eventually('it is ready', async () => (await lab.condition('br', 'br0'))?.status === 'True');
  expect(lab.cli('describe', 'br', 'br0').stdout).toContain('dnsmasq for dns: running');
});

it('where somebody else listens the bridge says so, keeps everything else right, and tries again', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const listen = 'import socket; s = socket.create_server(("", 53)); print(1, flush=True); s.accept()';
  const other = lab.follow(['python3', '-c', listen]);
  await new Promise((resolve) => other.stdout!.once('data', resolve));
  lab.write('a.yaml', bridge('br0', SPEC), link('vm1', vm1.name, 10, { macAddress: MAC }));
  await lab.start();
  await lab.eventually(
    'it is told',
    async () => (await lab.condition('br', 'br0'))?.reason === 'ResolverFailed',
  );
  expect((await lab.condition('br', 'br0'))?.message).toMatch(
    /Address already in use: another program listens there/,
  );
  lab.host.exec('ip', 'address', 'delete', 'fd00:20::1/64', 'dev', 'br0');
  await lab.eventually(
    'its address is back',
    () => lab.host.exec('ip', 'address', 'show', 'dev', 'br0').includes('fd00:20::1/64'),
    2_000,
  );
  expect((await lab.condition('br', 'br0'))?.reason).toBe('ResolverFailed');
  other.kill();
  await lab.eventually('it answers', () => answers(vm1), 40_000);
  await lab.eventually('it is ready', async () => (await lab.condition('br', 'br0'))?.status === 'True');
});
