import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import type { NetNs } from '../support/netns.ts';
import { bridge, link, policy } from '../support/manifests.ts';

/** A namespace whose eth0 is the other end of a port of br0 that somebody else made. */
function stranger(lab: Lab, name: string, address: string): NetNs {
  const netns = lab.container(name);
  lab.host.exec(...['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns.name]);
  lab.host.exec('ip', 'link', 'set', name, 'master', 'br0', 'up');
  netns.exec('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
  netns.exec('ip', 'link', 'set', 'eth0', 'up');
  netns.exec('ip', 'route', 'add', 'default', 'via', '10.10.20.1');
  return netns;
}

const OPEN = { policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] };

async function openLab(): Promise<{ lab: Lab; vm1: NetNs }> {
  const lab = new Lab();
  const vm1 = lab.container('vm1');
  const open = bridge('br0', { defaultPolicy: 'Allow', masquerade: {} });
  lab.write('a.yaml', open, link('vm1', vm1.name, 10), policy('open', 'vm1', OPEN));
  await lab.start();
  await lab.ready();
  for (const netns of [vm1, lab.client, lab.host]) await netns.serve(80);
  return { lab, vm1 };
}

it('a port that no manifest declares passes nothing, and the bridge says so', async () => {
  const { lab: opened, vm1 } = await openLab();
  await using lab = opened;
  const evil = stranger(lab, 'evil0', '10.10.20.66');
  await lab.eventually('the bridge says so', async () =>
    (await lab.condition('br', 'br0'))?.message.includes("port 'evil0' is declared by no manifest"),
  );
  expect((await lab.condition('br', 'br0'))?.status).toBe('True');
  expect(lab.cli('events').stdout).toMatch(/UndeclaredPort .*evil0/);
  await evil.serve(81);
  for (const address of ['10.10.20.1', '10.10.20.10', CLIENT])
    expect(await evil.probe(address, 80), address).toHaveProperty('failure');
  expect(await vm1.probe('10.10.20.66', 81)).toHaveProperty('failure');
  expect(await lab.host.probe('10.10.20.66', 81)).toHaveProperty('failure');
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ server: 'client' });

  lab.write(
    'a.yaml',
    bridge('br0', { defaultPolicy: 'Allow', ports: ['evil0'] }),
    link('vm1', vm1.name, 10),
    policy('open', 'vm1', OPEN),
  );
  await lab.ready();
  expect(await evil.probe('10.10.20.1', 80)).toMatchObject({ server: 'host' });
  expect(await lab.host.probe('10.10.20.66', 81)).toMatchObject({ server: 'evil0' });
  expect((await lab.condition('br', 'br0'))?.message).not.toContain('evil0');
});

it('not even one that comes while no daemon runs, with the addresses of a container', async () => {
  const { lab: opened, vm1 } = await openLab();
  await using lab = opened;
  await lab.stop('SIGKILL');
  const evil = stranger(lab, 'evil0', '10.10.20.66');
  for (const address of ['10.10.20.1', '10.10.20.10', CLIENT])
    expect(await evil.probe(address, 80), address).toHaveProperty('failure');
  // Replies do not get back in any case; so what arrives is counted.
  lab.client.exec(
    'nft',
    'table inet seen { chain in { type filter hook input priority 0; udp dport 9 counter; }; }',
  );
  const arrived = (): number =>
    Number(/packets (\d+)/.exec(lab.client.exec('nft', 'list', 'table', 'inet', 'seen'))![1]);
  await vm1.probe(CLIENT, 9, 'UDP', 200);
  expect(arrived()).toBeGreaterThan(0);
  const before = arrived();
  const mac = /ether (\S+)/.exec(vm1.exec('ip', 'link', 'show', 'dev', 'eth0'))![1]!;
  evil.exec('ip', 'link', 'set', 'eth0', 'down', 'address', mac);
  evil.exec('ip', 'address', 'replace', '10.10.20.10/24', 'dev', 'eth0');
  evil.exec('ip', 'link', 'set', 'eth0', 'up');
  evil.exec('ip', 'route', 'add', 'default', 'via', '10.10.20.1', 'src', '10.10.20.10');
  expect(await evil.probe(CLIENT, 80)).toHaveProperty('failure');
  expect(await evil.probe('10.10.20.1', 80)).toHaveProperty('failure');
  const gateway = /ether (\S+)/.exec(lab.host.exec('ip', 'link', 'show', 'dev', 'br0'))![1]!;
  evil.exec('ip', 'neigh', 'replace', '10.10.20.1', 'lladdr', gateway, 'dev', 'eth0');
  await evil.probe(CLIENT, 9, 'UDP', 200);
  expect(arrived()).toBe(before);
});
