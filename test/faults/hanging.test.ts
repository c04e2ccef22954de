import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy, route } from '../support/manifests.ts';
import { filterText } from '../support/netfilter-drift.ts';
import { replaceHelper } from '../support/netlink-helper.ts';
import { OwnPrograms } from '../support/own-programs.ts';

const HANGS = 'exec sleep 1000';
/** What a program may take, and a busy machine. */
const ONE_WAIT = 30_000;

const base = (vm1: string, port: number): object[] => [
  bridge('br0'),
  link('vm1', vm1, 10),
  policy('vm1', 'vm1', { ingress: [{ ports: [{ port }] }] }),
];

it('an nft that hangs holds up the rest once, is named, and is asked again in the background only', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', ...base(vm1.name, 80), route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  programs.replace('nft', HANGS);
  const routed = (): boolean => lab.host.exec('ip', 'route').includes('10.41.0.0/16');
  // The instance that stands by since before the fault still carries out one transaction.
  for (const port of [81, 82]) {
    lab.write('a.yaml', ...base(vm1.name, port), route('one', { to: '10.41.0.0/16', via: CLIENT }));
    lab.cli('reconcile');
  }
  await lab.eventually(
    'it is told',
    () => /NetfilterFailed.*nft has not answered within 10 s/.test(lab.cli('events').stdout),
    ONE_WAIT,
  );
  expect(filterText(lab.host)).toMatch(/\. 8[01]/);
  expect(await lab.condition('link', 'vm1')).toMatchObject({
    status: 'False',
    reason: 'ReconciliationFailed',
  });
  for (let drift = 0; drift < 5; drift++) {
    lab.host.exec('ip', 'route', 'delete', '10.41.0.0/16');
    const start = performance.now();
    await lab.eventually('the route is back', routed, 5_000);
    record({
      fault: 'a route is deleted while nft hangs',
      healed: performance.now() - start,
      limit: 5_000,
      leaked: drips.leaked(),
    });
  }
  expect(await lab.http('/metrics')).toMatch(
    /lxcnet_kernel_command_failures_total\{tool="nft",code="timeout"\} [1-9]/,
  );
  programs.restore('nft');
  const start = performance.now();
  await lab.eventually('the filter follows', () => filterText(lab.host).includes('. 82'), ONE_WAIT);
  record({ fault: 'nft hung', healed: performance.now() - start, limit: ONE_WAIT, leaked: drips.leaked() });
  await lab.ready();
});

it('while rtnetlink hangs, nothing is said to be Ready, and all is put right when it answers again', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  lab.write('a.yaml', bridge('br0'), route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.ready();
  expect(await lab.http('/metrics')).toMatch(
    /lxcnet_kernel_command_duration_seconds_count\{tool="ip"\} [1-9]/,
  );
  replaceHelper(lab, programs, HANGS);
  const disturb = (): void => {
    lab.host.run(['ip', 'route', 'delete', '10.41.0.0/16']);
  };
  await lab.eventually(
    'it is told',
    async () => {
      disturb();
      return (await lab.condition('route', 'one'))?.status === 'Unknown';
    },
    60_000,
  );
  expect(await lab.condition('br', 'br0')).toMatchObject({ status: 'Unknown', reason: 'NotObserved' });
  expect((await lab.condition('br', 'br0'))?.message).toContain(
    'lxcnet-netlink has not answered within 10 s',
  );
  expect(await lab.http('/metrics')).toContain(
    'lxcnet_resource_ready{kind="Bridge",namespace="",name="br0"} 0',
  );
  programs.restore('perl');
  const start = performance.now();
  const routed = (): boolean => lab.host.exec('ip', 'route').includes('10.41.0.0/16');
  await lab.eventually('the route is back', routed, 60_000);
  record({ fault: 'rtnetlink hung', healed: performance.now() - start, limit: 60_000 });
  await lab.ready();
});
