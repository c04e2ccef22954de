import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST } from '../support/lab-network.ts';
import { route } from '../support/manifests.ts';

const TYPES = ['Blackhole', 'Unreachable', 'Prohibit'] as const;
const get = (lab: Lab, address: string): string => {
  const { stdout, stderr } = lab.host.run(['ip', 'route', 'get', address]);
  return stdout + stderr;
};

it('blackhole, unreachable and prohibit do what they say, in both families', async () => {
  await using lab = new Lab();
  lab.write(
    'a.yaml',
    ...TYPES.flatMap((type, index) => [
      route(`${type.toLowerCase()}4`, { to: `10.${30 + index}.0.0/16`, type }),
      route(`${type.toLowerCase()}6`, { to: `fd3${index}::/32`, type }),
    ]),
  );
  await lab.start();
  await lab.ready();
  for (const network of ['10.30.0.1', 'fd30::1']) expect(get(lab, network)).toContain('Invalid argument');
  for (const network of ['10.31.0.1', 'fd31::1']) expect(get(lab, network)).toContain('No route to host');
  for (const network of ['10.32.0.1', 'fd32::1']) expect(get(lab, network)).toContain('Permission denied');
});

it('one destination has a route per metric and per table, each of its own, and each goes by itself', async () => {
  await using lab = new Lab();
  const via = '192.168.254.3';
  const first = route('first', { to: '10.30.0.0/16', via: CLIENT, metric: 10 });
  const rest = [
    route('second', { to: '10.30.0.0/16', via, metric: 20 }),
    route('elsewhere', { to: '10.30.0.0/16', via, metric: 10, table: 100 }),
    route('first6', { to: 'fd30::/32', via: CLIENT6, metric: 10, source: 'fd00:254::19' }),
    route('second6', { to: 'fd30::/32', via: 'fd00:254::3', metric: 20 }),
  ];
  lab.write('a.yaml', first);
  lab.write('b.yaml', ...rest);
  await lab.start();
  await lab.ready();
  expect(get(lab, '10.30.0.1')).toContain(`via ${CLIENT}`);
  expect(get(lab, 'fd30::1')).toContain(`via ${CLIENT6}`);
  expect(get(lab, 'fd30::1')).toContain('src fd00:254::19');
  lab.remove('a.yaml');
  await lab.eventually('the second is in use', () => get(lab, '10.30.0.1').includes(`via ${via}`));
  expect(lab.host.exec('ip', 'route', 'show', 'table', '100')).toContain('10.30.0.0/16');
  expect(lab.host.exec('ip', '-6', 'route', 'show', 'fd30::/32').trim().split('\n')).toHaveLength(2);
});

it('default without an address is a route of both families, and one with an address of its own family', async () => {
  await using lab = new Lab();
  lab.write(
    'a.yaml',
    route('nowhere', { to: 'default', type: 'Unreachable', metric: 4000 }),
    route('out', { to: '::/0', via: CLIENT6, interface: 'eth0' }),
  );
  await lab.start();
  await lab.ready();
  expect(lab.host.exec('ip', 'route')).toMatch(/unreachable default proto 199 metric 4000/);
  expect(lab.host.exec('ip', '-6', 'route')).toMatch(/unreachable default dev lo proto 199 metric 4000/);
  expect(lab.host.exec('ip', '-6', 'route')).toContain(`default via ${CLIENT6} dev eth0 proto 199`);
  expect(lab.host.exec('ip', 'route')).not.toContain('default via');
});

it("somebody else's IPv6 routes are left alone: one in the way, and one next to ours of another metric", async () => {
  await using lab = new Lab();
  for (const args of [
    ['fd30::/32', 'via', CLIENT6],
    ['fd31::/32', 'via', CLIENT6, 'metric', '5'],
  ])
    lab.host.exec('ip', '-6', 'route', 'add', ...args);
  const foreign = (): string[] =>
    lab.host
      .exec('ip', '-6', 'route')
      .split('\n')
      .filter((line) => line.startsWith('fd3') && !line.includes('proto 199'));
  const before = foreign();
  expect(before).toHaveLength(2);
  lab.write(
    'a.yaml',
    route('taken', { to: 'fd30::/32', via: 'fd00:254::3' }),
    route('beside', { to: 'fd31::/32', via: 'fd00:254::3' }),
  );
  await lab.start();
  await lab.eventually(
    'it is a conflict',
    async () => (await lab.condition('route', 'taken', 'Stalled'))?.reason === 'NameConflict',
  );
  expect((await lab.condition('route', 'beside'))?.status).toBe('True');
  expect(foreign()).toEqual(before);
  lab.remove('a.yaml');
  lab.write('b.yaml', route('other', { to: '10.30.0.0/16', via: CLIENT }));
  await lab.eventually('ours is gone', () => !lab.host.exec('ip', '-6', 'route').includes('proto 199'));
  expect(foreign()).toEqual(before);
  expect(lab.host.exec('ip', 'route')).toContain(
    `192.168.254.0/24 dev eth0 proto kernel scope link src ${HOST}`,
  );
});

it('a route whose interface is not there yet comes with it, and back after the interface was down', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', route('later', { to: '10.30.0.0/16', via: '172.16.0.9', interface: 'up1' }));
  await lab.start();
  await lab.eventually('it is told', async () => (await lab.condition('route', 'later'))?.status === 'False');
  lab.host.exec('ip', 'link', 'add', 'up1', 'type', 'veth', 'peer', 'name', 'up1x');
  lab.host.exec('ip', 'address', 'add', '172.16.0.1/24', 'dev', 'up1');
  for (const name of ['up1', 'up1x']) lab.host.exec('ip', 'link', 'set', name, 'up');
  const isThere = (): boolean => lab.host.exec('ip', 'route').includes('10.30.0.0/16 via 172.16.0.9 dev up1');
  await lab.eventually('it is there', isThere, 10_000);
  lab.host.exec('ip', 'link', 'set', 'up1', 'down');
  expect(isThere()).toBe(false);
  lab.host.exec('ip', 'link', 'set', 'up1', 'up');
  await lab.eventually('it is there again', isThere, 10_000);
});
