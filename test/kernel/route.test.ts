import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, route } from '../support/manifests.ts';

it('every kind of route is made, changed and removed', async () => {
  await using lab = new Lab();
  const hops = [
    { via: '10.10.20.20', interface: 'br0', weight: 3 },
    { via: '10.10.20.21', interface: 'br0' },
  ];
  const routes = (metric: number): object[] => [
    route('lab', { to: '10.30.0.0/16', via: CLIENT, source: '192.168.254.19', metric, mtu: 1300 }),
    route('table', { to: 'default', via: CLIENT, table: 100 }),
    route('hops', { to: '10.31.0.0/16', nextHops: metric === 5 ? hops : [hops[0]] }),
    route('hops6', {
      to: 'fd31::/32',
      nextHops: [
        { via: 'fd00:20::20', interface: 'br0' },
        { via: 'fd00:20::21', interface: 'br0', weight: metric },
      ],
    }),
    route('hole', { to: 'fd32::/32', type: metric === 5 ? 'Blackhole' : 'Prohibit' }),
  ];
  lab.write('a.yaml', bridge('br0'));
  lab.write('b.yaml', ...routes(5));
  await lab.start();
  await lab.ready();
  const main = (): string => lab.host.exec('ip', 'route') + lab.host.exec('ip', '-6', 'route');
  expect(main()).toContain(
    `10.30.0.0/16 via ${CLIENT} dev eth0 proto 199 src 192.168.254.19 metric 5 mtu 1300`,
  );
  expect(main()).toContain('nexthop via 10.10.20.20 dev br0 weight 3');
  expect(main()).toContain('nexthop via fd00:20::21 dev br0 weight 5');
  expect(main()).toMatch(/blackhole fd32::\/32 .*proto 199/);
  expect(lab.host.exec('ip', 'route', 'show', 'table', '100')).toContain(`default via ${CLIENT}`);

  lab.write('b.yaml', ...routes(7));
  await lab.ready();
  expect(main()).toContain('metric 7 mtu 1300');
  expect(main()).not.toContain('metric 5 mtu 1300');
  expect(main()).toContain('nexthop via fd00:20::21 dev br0 weight 7');
  expect(main()).not.toContain('weight 5');
  expect(main()).not.toContain('10.10.20.21');
  expect(main()).toMatch(/prohibit fd32::\/32/);
  expect(main()).not.toContain('blackhole');

  lab.remove('b.yaml');
  await lab.eventually('they are gone', () => !main().includes('proto 199'));
  expect(lab.host.run(['ip', 'route', 'show', 'table', '100']).stdout).toBe('');
});

it('a route that the kernel refuses is not ready, in its own words, and holds up nothing else', async () => {
  await using lab = new Lab();
  lab.write(
    'a.yaml',
    bridge('br0'),
    route('bad', { to: '10.31.0.0/16', via: '172.31.1.1' }),
    route('good', { to: '10.30.0.0/16', via: CLIENT }),
  );
  await lab.start();
  await lab.eventually(
    'the good one is ready',
    async () => (await lab.condition('route', 'good'))?.status === 'True',
  );
  expect(await lab.condition('route', 'bad')).toMatchObject({
    status: 'False',
    reason: 'ReconciliationFailed',
  });
  expect((await lab.condition('route', 'bad'))?.message).toContain('Nexthop has invalid gateway');
  expect(lab.cli('wait', '--for=condition=Ready', 'route/bad', '--timeout', '300ms').status).toBe(1);
});

it("somebody else's route is a NameConflict and stays, and one deleted by hand comes back", async () => {
  await using lab = new Lab();
  lab.host.exec('ip', 'route', 'add', '10.30.0.0/16', 'via', CLIENT);
  lab.write(
    'a.yaml',
    route('taken', { to: '10.30.0.0/16', via: '192.168.254.3' }),
    route('mine', { to: '10.31.0.0/16', via: CLIENT }),
  );
  await lab.start();
  await lab.eventually(
    'it is a conflict',
    async () => (await lab.condition('route', 'taken', 'Stalled'))?.reason === 'NameConflict',
  );
  expect(lab.host.exec('ip', 'route')).toContain(`10.30.0.0/16 via ${CLIENT} dev eth0 \n`);
  lab.host.exec('ip', 'route', 'delete', '10.31.0.0/16');
  await lab.eventually('it is back', () => lab.host.exec('ip', 'route').includes('10.31.0.0/16'));
  lab.host.exec('ip', 'route', 'delete', '10.30.0.0/16');
  await lab.eventually('the other takes its place', () =>
    lab.host.exec('ip', 'route').includes('10.30.0.0/16 via 192.168.254.3'),
  );
});
