import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';

/** The next attempt comes after eight seconds then. */
const ATTEMPTS = 5;
const SOON = 4_000;

it('what somebody changes of a Link of which the kernel refuses a part is put right before the next attempt', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  // Its own address is no gateway.
  const routes = [{ to: 'fd00:50::/64', via: 'fd00:20::10' }];
  const manifest = (spec: Readonly<Record<string, unknown>>): object => link('vm1', vm1.name, 10, spec);
  lab.write('a.yaml', bridge('br0'), manifest({}));
  await lab.start();
  await lab.ready();
  lab.write('a.yaml', bridge('br0'), manifest({ routes }));
  const refusal = async (): Promise<string> => (await lab.condition('link', 'vm1'))?.message ?? '';
  const reason = async (): Promise<unknown> => (await lab.condition('link', 'vm1'))?.reason;
  await lab.eventually('the route is refused', async () => (await reason()) === 'ReconciliationFailed');
  const words = await refusal();
  using drips = new Drips(lab);
  const attempts = async (): Promise<number> =>
    Number(/^workqueue_retries_total\{[^}]*\} (\d+)$/m.exec(await lab.http('/metrics'))?.[1]);
  await lab.eventually('it was tried several times', async () => (await attempts()) >= ATTEMPTS);
  const before = await attempts();
  const port = (): string => lab.host.exec('ip', '-d', 'link', 'show', 'dev', 'lx-vm1');
  const inside = (): string => vm1.exec('ip', 'address', 'show', 'dev', 'eth0');
  const start = performance.now();
  lab.host.exec('ip', 'link', 'set', 'dev', 'lx-vm1', 'type', 'bridge_slave', 'isolated', 'off');
  vm1.exec('ip', 'address', 'delete', '10.10.20.10/24', 'dev', 'eth0');
  await lab.eventually(
    'both are put right',
    () => port().includes('isolated on') && inside().includes('10.10.20.10/24'),
    SOON,
  );
  record({
    fault: 'drift of a Link of which a part is refused',
    healed: performance.now() - start,
    limit: SOON,
    leaked: drips.leaked(),
  });
  expect(await attempts()).toBe(before);
  expect(await refusal()).toBe(words);
  expect((await lab.condition('link', 'vm1'))?.status).toBe('False');
});

it('what is put right beside something that is refused is told and counted', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  // The container takes the gateway's address itself: the address comes back, and no route leads through the gateway.
  const changes = [
    'address add fd00:20::1/128 dev lo',
    'route delete ::/0 via fd00:20::1 dev eth0',
    'address delete fd00:20::10/64 dev eth0',
  ];
  vm1.run(['ip', '-batch', '-'], `${changes.join('\n')}\n`);
  await lab.eventually(
    'the route is refused',
    async () => (await lab.condition('link', 'vm1'))?.reason === 'ReconciliationFailed',
  );
  const corrected = (): string =>
    lab
      .cli('events')
      .stdout.split('\n')
      .filter((line) => line.includes('DriftCorrected'))
      .join('\n');
  expect(corrected()).toContain('created address fd00:20::10/64 on eth0');
  expect(corrected()).not.toContain('created route');
  const drift = /^lxcnet_drift_detected_total\{kind="Link"\} (\d+)$/m;
  expect(drift.exec(await lab.http('/metrics'))?.[1]).toBe('1');

  vm1.exec('ip', 'address', 'delete', 'fd00:20::1/128', 'dev', 'lo');
  await lab.ready();
  expect(corrected()).toContain('created route ::/0 via fd00:20::1');
});
