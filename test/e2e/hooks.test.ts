import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, hooks, veth } from '../support/lxc.ts';
import { bridge, link, policy } from '../support/manifests.ts';
import { refusingNft } from '../support/refusing-nft.ts';

const ALL = ['pre-start', 'start-host', 'post-stop'];
const LOOK = 'ip -d address show > /addresses; ip route > /routes; ip -6 route >> /routes; touch /ran';
const of = (name: string, lab: Lab): object => ({ lxc: name, lxcPath: `${lab.directory}/lxc` });
function manifests(lab: Lab, ...further: readonly object[]): void {
  lab.write('a.yaml', bridge('br0'), link('vm1', '', 10, { container: of('vm1', lab) }), ...further);
}

it.each([
  ['lxcnet makes the pair', EMPTY],
  ['LXC makes the pair', veth(0, 'eth0', 'br0')],
])('init finds the finished network at its first instruction: %s', async (_, network) => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...network, ...hooks(lab, ALL)]);
  manifests(lab);
  await lab.start();
  for (let round = 1; round <= 3; round++) {
    container.write('addresses', '');
    container.start(`${LOOK}; cp /addresses /seen${round}`);
    await lab.eventually('init has looked', () => container.read(`seen${round}`) !== '');
    expect((await lab.condition('link', 'vm1'))?.status).toBe('True');
    const seen = container.read('addresses');
    for (const wanted of ['10.10.20.10/24', 'fd00:20::10/64', 'state UP']) expect(seen).toContain(wanted);
    expect(container.read('routes')).toContain('default via 10.10.20.1 dev eth0');
    expect(container.read('routes')).toContain('default via fd00:20::1 dev eth0');
    container.stop();
    await lab.eventually(
      'gone',
      async () => (await lab.condition('link', 'vm1'))?.reason === 'ContainerNotRunning',
      10_000,
    );
  }
  expect(container.logged()).not.toContain('lxcnet');
});

it('a container that no Link names does not start, unless that is optional', async () => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL)], 'vm2');
  manifests(lab);
  await lab.start();
  expect(container.execute('/bin/touch', '/ran').status).not.toBe(0);
  expect(container.read('ran')).toBe('');
  expect(container.logged()).toMatch(
    /lxcnet vm2 \d{14}\.?\d* ERROR {4}hook - lxcnet hook pre-start: container vm2: not started: no Link has `container: \{lxc: vm2, lxcPath: \S+\}`: write one into \S+, or use the hook with --optional\n/,
  );
  using optional = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL, '--optional')], 'vm3');
  expect(optional.execute('/bin/sh', '-c', LOOK).status).toBe(0);
  expect(optional.read('routes')).toBe('');
  // A Link for a container of the same name elsewhere is none for this one.
  lab.write('b.yaml', link('vm2', '', 12, { container: { lxc: 'vm2' } }));
  await lab.eventually('the Link is known', () => lab.cli('get', 'link', 'vm2').status === 0);
  expect(container.execute('/bin/touch', '/ran').status).not.toBe(0);
});

it('start-host waits for what may still come, and for nothing else', async () => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL)]);
  using stalled = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL)], 'vm2');
  using hurried = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL, '--timeout', '1s')], 'vm3');
  const br1 = { bridge: 'br1', addresses: ['10.10.30.10/24'] };
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { ...br1, container: of('vm1', lab) }),
    link('vm2', '', 12, { container: of('vm2', lab), bandwidth: { egress: '1Mbit' } }),
    link('vm3', '', 13, { ...br1, container: of('vm3', lab), addresses: ['10.10.30.13/24'] }),
  );
  await lab.start(refusingNft(lab, { with: 'limit rate over' }));
  expect(hurried.execute('/bin/true').status).not.toBe(0);
  expect(hurried.logged()).toMatch(
    /Link\/vm3 is not ready: NotFound: there is no Bridge 'br1', and that for 1s/,
  );
  const before = performance.now();
  expect(stalled.execute('/bin/true').status).not.toBe(0);
  expect(performance.now() - before).toBeLessThan(5_000);
  expect(stalled.logged()).toContain('Link/vm2: UnsupportedByKernel: spec.bandwidth');
  container.start(LOOK);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(container.read('routes')).toBe('');
  // The daemon does not wait for a container that hangs in its hook.
  const heal = performance.now();
  lab.host.exec('ip', 'link', 'set', 'br0', 'mtu', '1400');
  await lab.eventually('healed', () => lab.host.exec('ip', 'link', 'show', 'br0').includes('mtu 1500'));
  expect(performance.now() - heal).toBeLessThan(1_500);
  lab.write('b.yaml', bridge('br1', { addresses: ['10.10.30.1/24'] }));
  await lab.eventually('init has looked', () => container.read('routes') !== '', 5_000);
  expect(container.read('addresses')).toContain('10.10.30.10/24');
});

it('with the daemon down what counts is the kernel', async () => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ['pre-start'])]);
  using careless = new LxcContainer(
    lab,
    [...EMPTY, ...hooks(lab, ['pre-start', 'start-host'], '--on-daemon-down', 'start')],
    'vm2',
  );
  using finished = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL)], 'vm3');
  manifests(
    lab,
    link('vm2', '', 12, { container: of('vm2', lab) }),
    link('vm3', '', 13, { container: of('vm3', lab) }),
  );
  await lab.start();
  await lab.stop('SIGKILL');
  const starts = (one: LxcContainer): boolean => one.execute('/bin/touch', '/ran').status === 0;
  const restart = async (): Promise<void> => {
    await lab.start();
    lab.cli('reconcile');
    await lab.stop('SIGKILL');
    container.forgetLog();
  };
  expect(starts(container)).toBe(true);
  // Nobody would make the network of this one.
  expect(starts(finished)).toBe(false);
  expect(finished.logged()).toMatch(
    /hook start-host: container vm3: not started: Link\/vm3: .*the daemon does not answer/,
  );
  const damages = [
    [
      ['delete', 'element', 'inet', 'lxcnet', 'egress4', '{ 10.10.20.10 }'],
      'there is no 10.10.20.10 in egress4',
    ],
    [
      ['delete', 'element', 'inet', 'lxcnet', 'denied_ingress6', '{ fd00:20::10 }'],
      'fd00:20::10 in denied_ingress6',
    ],
    [['delete', 'element', 'inet', 'lxcnet', 'bridges', '{ "br0" }'], 'there is no br0 in bridges'],
    [
      ['flush', 'chain', 'inet', 'lxcnet', 'forward'],
      'the chain forward of table inet lxcnet has 0 rules, not 4',
    ],
    [['delete', 'table', 'bridge', 'lxcnet'], 'the table bridge lxcnet is not there'],
    [['flush', 'ruleset'], 'the table inet lxcnet is not there'],
  ] as const;
  for (const [command, words] of damages) {
    await restart();
    lab.host.exec('nft', ...command);
    expect(starts(container), command.join(' ')).toBe(false);
    expect(container.logged()).toContain(words);
    expect(container.logged()).toContain('Start it (systemctl start lxcnet), then the container');
  }
  expect(starts(careless)).toBe(true);
  for (const hook of ['pre-start', 'start-host'])
    expect(careless.logged()).toMatch(
      new RegExp(
        `hook ${hook}: container vm2: started all the same, as --on-daemon-down=start says: .*the daemon does not answer`,
      ),
    );
  // What the directory says since the daemon went counts, too.
  await restart();
  lab.write('b.yaml', policy('p', 'vm1', { policyTypes: ['Egress'], egress: [{}] }));
  expect(starts(container)).toBe(false);
  expect(container.logged()).toMatch(/10\.10\.20\.10 in egress4 of table inet lxcnet is \S+, not /);
});

it('a container with several interfaces has all of them, on two bridges', async () => {
  await using lab = new Lab();
  const network = [...veth(0, 'eth0', 'br0'), ...veth(1, 'eth1', 'br1')];
  using mixed = new LxcContainer(lab, [...network, ...hooks(lab, ALL)]);
  using made = new LxcContainer(lab, [...EMPTY, ...hooks(lab, ALL)], 'vm2');
  const second = { bridge: 'br1', interface: 'eth1', gateway: 'None' };
  manifests(
    lab,
    bridge('br1', { addresses: ['10.10.30.1/24'] }),
    link('vm1b', '', 0, { ...second, container: of('vm1', lab), addresses: ['10.10.30.10/24'] }),
    link('vm2', '', 12, { container: of('vm2', lab) }),
    link('vm2b', '', 0, { ...second, container: of('vm2', lab), addresses: ['10.10.30.12/24'] }),
  );
  await lab.start();
  for (const [container, number] of [
    [mixed, 10],
    [made, 12],
  ] as const) {
    container.start(LOOK);
    await lab.eventually('init has looked', () => container.read('routes') !== '');
    for (const wanted of [`10.10.20.${number}/24`, `10.10.30.${number}/24`])
      expect(container.read('addresses')).toContain(wanted);
  }
  for (const name of ['vm1', 'vm1b', 'vm2', 'vm2b'])
    expect((await lab.condition('link', name))?.status).toBe('True');
});

it.each([
  ['lxcnet makes the pair', EMPTY],
  ['LXC makes the pair', veth(0, 'eth0', 'br0')],
])('a container that restarts itself finds its network again: %s', async (_, network) => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...network, ...hooks(lab, ALL)]);
  manifests(lab);
  await lab.start();
  const reboot = "python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x01234567)'";
  const booted = container.boot(
    `echo x >> /boots; ip address > /seen$(wc -l < /boots); [ $(wc -l < /boots) -gt 2 ] || ${reboot}`,
  );
  expect(booted.status, container.logged()).toBe(0);
  await lab.eventually('the third start', () => container.read('seen3') !== '');
  for (const round of [1, 2, 3]) {
    expect(container.read(`seen${round}`)).toContain('10.10.20.10/24');
    expect(container.read(`seen${round}`)).toContain('fd00:20::10/64');
  }
  expect((await lab.condition('link', 'vm1'))?.status).toBe('True');
});

it('twelve containers that start at once all have their network', async () => {
  await using lab = new Lab();
  const numbers = Array.from({ length: 12 }, (_, index) => 20 + index);
  const containers = numbers.map(
    (number) =>
      new LxcContainer(
        lab,
        [...(number % 2 ? EMPTY : veth(0, 'eth0', 'br0')), ...hooks(lab, ALL)],
        `c${number}`,
      ),
  );
  using stack = new DisposableStack();
  containers.forEach((container) => stack.use(container));
  lab.write(
    'a.yaml',
    bridge('br0'),
    ...numbers.map((number) => link(`c${number}`, '', number, { container: of(`c${number}`, lab) })),
  );
  await lab.start();
  containers.forEach((container) => container.start(LOOK));
  await lab.eventually(
    'all have looked',
    () => containers.every((one) => one.read('ran') !== '' || one.read('routes') !== ''),
    40_000,
  );
  for (const [index, container] of containers.entries()) {
    await lab.eventually('it has routes', () => container.read('routes') !== '', 10_000);
    expect(container.read('addresses')).toContain(`10.10.20.${numbers[index]}/24`);
    expect(container.logged()).toBe('');
  }
  for (const number of numbers) expect((await lab.condition('link', `c${number}`))?.status).toBe('True');
});
