import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link } from '../support/manifests.ts';
import { refusingNft } from '../support/refusing-nft.ts';

it('without tables in bridges a Link says so, and is made where it does without anti-spoofing', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const open = bridge('br0', { defaultPolicy: 'Allow', masquerade: {} });
  lab.write('a.yaml', open, link('vm1', vm1.name, 10), link('vm2', vm2.name, 11, { antiSpoofing: false }));
  await lab.start(refusingNft(lab, { with: 'table bridge' }));
  await lab.eventually('vm2 is ready', async () => (await lab.condition('link', 'vm2'))?.status === 'True');
  expect(await lab.condition('link', 'vm1', 'Stalled')).toMatchObject({
    reason: 'UnsupportedByKernel',
    message: expect.stringContaining('NF_TABLES_BRIDGE') as string,
  });
  expect(vm1.run(['ip', 'link', 'show', 'dev', 'eth0']).status).not.toBe(0);
  expect((await lab.condition('br', 'br0'))?.message).toContain('undeclared ports are not closed');
  await lab.client.serve(80);
  expect(await vm2.probe(CLIENT, 80)).toMatchObject({ server: 'client' });
  expect(lab.host.exec('nft', 'list', 'tables')).toBe('table inet lxcnet\n');
});

it('without address lookups nothing is made, and everything says why', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start(refusingNft(lab, { with: 'fib daddr' }));
  for (const [kind, name] of [
    ['br', 'br0'],
    ['link', 'vm1'],
  ] as const) {
    const stalled = await lab.eventually(`${kind} is stalled`, () => lab.condition(kind, name, 'Stalled'));
    expect(stalled).toMatchObject({ reason: 'UnsupportedByKernel' });
    expect(stalled?.message).toContain(
      'this kernel does not support lookups of local addresses (NFT_FIB_INET)',
    );
  }
  expect(vm1.run(['ip', 'link', 'show', 'dev', 'eth0']).status).not.toBe(0);
});
