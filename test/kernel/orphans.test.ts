import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6 } from '../support/lab-network.ts';
import { bridge, link, route } from '../support/manifests.ts';

const NETWORK = ['10.10.21.1/24'];

const marked = (lab: Lab): string =>
  lab.host.exec('ip', 'route', 'show', 'proto', '199') +
  lab.host.exec('ip', '-6', 'route', 'show', 'proto', '199');

/** Makes what carries the mark and belongs to nothing, as an old inventory that was lost leaves it. */
function orphan(lab: Lab): void {
  lab.host.exec('ip', 'link', 'add', 'lost', 'type', 'bridge');
  lab.host.exec('ip', 'link', 'set', 'lost', 'alias', 'lxcnet:Bridge/lost');
  lab.host.exec('ip', 'route', 'add', '10.66.0.0/16', 'via', CLIENT, 'proto', '199');
  lab.host.exec('ip', 'route', 'add', 'fd66::/32', 'via', CLIENT6, 'proto', '199');
  lab.host.exec('ip', 'route', 'add', 'blackhole', '10.67.0.0/16', 'metric', '9', 'proto', '199');
  lab.host.exec('ip', 'route', 'add', '10.68.0.0/16', 'via', CLIENT, 'proto', 'static');
}

it('routes and interfaces with the mark that belong to nothing are reported, and removed on request', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'), route('one', { to: '10.41.0.0/16', via: CLIENT }));
  await lab.start();
  await lab.ready();
  expect(await lab.http('/metrics')).toContain('lxcnet_orphans 0');
  orphan(lab);
  const told = lab.cli('reconcile').stdout;
  for (const text of [
    `route 10.66.0.0/16 via ${CLIENT} dev eth0 is an orphan`,
    `route fd66::/32 via ${CLIENT6} dev eth0 is an orphan`,
    'route blackhole 10.67.0.0/16 is an orphan',
    'interface lost (lxcnet:Bridge/lost) is an orphan',
  ])
    expect(told).toContain(text);
  expect(await lab.http('/metrics')).toContain('lxcnet_orphans 4');
  expect(marked(lab)).toContain('10.66.0.0');
  lab.cli('reconcile', '--prune-orphans');
  expect(marked(lab).trim()).toBe(`10.41.0.0/16 via ${CLIENT} dev eth0`);
  expect(lab.host.exec('ip', 'route')).toContain('10.68.0.0/16');
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'lost']).status).not.toBe(0);
  expect(await lab.http('/metrics')).toContain('lxcnet_orphans 0');
});

it('a teardown takes orphans with it', async () => {
  await using lab = new Lab();
  orphan(lab);
  expect(lab.cli('teardown')).toMatchObject({ status: 0 });
  expect(marked(lab)).toBe('');
  expect(lab.host.exec('ip', 'route')).toContain('10.68.0.0/16');
  expect(lab.host.run(['ip', 'link', 'show', 'dev', 'lost']).status).not.toBe(0);
});

it('what has a manifest is taken back where the state directory was lost, and goes with its manifest', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'));
  lab.write(
    'b.yaml',
    route('one', { to: '10.41.0.0/16', via: CLIENT }),
    bridge('br1', { addresses: NETWORK }),
  );
  lab.write('c.yaml', link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  await lab.stop();
  rmSync(join(lab.directory, 'state'), { recursive: true });
  await lab.start();
  await lab.ready();
  expect(lab.cli('reconcile').stdout).not.toContain('orphan');
  lab.remove('b.yaml');
  lab.remove('c.yaml');
  const ours = (): string => {
    const aliases = lab.host.exec('ip', 'link').match(/alias lxcnet:\S+/g) ?? [];
    return [...aliases, lab.host.exec('ip', '-6', 'neighbour', 'show', 'proxy'), marked(lab)].join('').trim();
  };
  await lab.eventually('it is gone', () => ours() === 'alias lxcnet:Bridge/br0');
  expect(lab.host.exec('ip', 'address', 'show', 'dev', 'br0')).toContain('10.10.20.1/24');
});
