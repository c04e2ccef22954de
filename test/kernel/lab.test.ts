import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import { kernelState } from '../support/kernel-state.ts';
import { labNamespaces } from '../support/netns.ts';

it('client and host reach each other, and a server says who it is and whom it sees', async () => {
  await using lab = new Lab();
  await lab.host.serve(80);
  await lab.host.serve(80, 'UDP');
  for (const protocol of ['TCP', 'UDP'] as const) {
    expect(await lab.client.probe(HOST, 80, protocol)).toMatchObject({ server: 'host', source: CLIENT });
    expect(await lab.client.probe(HOST6, 80, protocol)).toMatchObject({ server: 'host', source: CLIENT6 });
  }
});

it('a probe tells a port that is closed from a packet that is dropped', async () => {
  await using lab = new Lab();
  expect(await lab.client.probe(HOST, 81)).toMatchObject({ failure: 'refused' });
  expect(await lab.client.probe(HOST, 81, 'UDP')).toMatchObject({ failure: 'refused' });
  lab.host.exec(
    'nft',
    'add table inet t; add chain inet t c { type filter hook input priority 0; policy drop; }',
  );
  expect(await lab.client.probe(HOST, 81)).toMatchObject({ failure: 'timeout' });
  expect(await lab.client.probe(HOST, 81, 'UDP')).toMatchObject({ failure: 'timeout' });
});

it('an open connection answers until its packets are dropped', async () => {
  await using lab = new Lab();
  await lab.host.serve(80);
  const alive = await lab.client.open(HOST, 80);
  expect(await alive()).toBe(true);
  lab.host.exec(
    'nft',
    'add table inet t; add chain inet t c { type filter hook input priority 0; policy drop; }',
  );
  expect(await alive()).toBe(false);
});

it('the state of the kernel is the same until something is changed', async () => {
  await using lab = new Lab();
  const before = kernelState(lab.host);
  expect(kernelState(lab.host)).toEqual(before);
  lab.host.exec('ip', 'route', 'add', 'blackhole', '10.98.0.0/16');
  expect(kernelState(lab.host)).not.toEqual(before);
  lab.host.exec('ip', 'route', 'delete', 'blackhole', '10.98.0.0/16');
  expect(kernelState(lab.host)).toEqual(before);
  lab.host.exec('nft', 'add', 'table', 'inet', 't');
  expect(kernelState(lab.host)).not.toEqual(before);
});

it('a lab leaves no namespace and no directory behind', async () => {
  const { prefix, directory } = await (async () => {
    await using lab = new Lab();
    lab.container('vm1');
    expect(labNamespaces(process.pid).filter((name) => name.startsWith(lab.prefix))).toHaveLength(3);
    await lab.start();
    return lab;
  })();
  expect(labNamespaces(process.pid).filter((name) => name.startsWith(prefix))).toEqual([]);
  expect(existsSync(directory)).toBe(false);
});
