import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CLIENT, Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';

/** In the place of nft: as on a kernel that refuses every transaction in which this pattern occurs. */
function kernelWithout(lab: Lab, pattern: string): string {
  const [wrapper, real] = [join(lab.directory, 'nft'), join(lab.directory, 'nft.real')];
  const script = `#!/bin/sh
case " $* " in
  *' -f '*) input=$(cat; echo .); input=\${input%.}
    if printf '%s' "$input" | grep -q '${pattern}'; then
      echo 'Error: Could not process rule: Operation not supported' >&2; exit 1
    fi
    printf '%s' "$input" | exec ${real} "$@";;
  *) exec ${real} "$@";;
esac
`;
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
  return `cp -L /usr/sbin/nft ${real}; mount --bind ${wrapper} /usr/sbin/nft`;
}

it('without tables in bridges a Link says so, and is made where it does without anti-spoofing', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const open = bridge('br0', { defaultPolicy: 'Allow', masquerade: {} });
  lab.write('a.yaml', open, link('vm1', vm1.name, 10), link('vm2', vm2.name, 11, { antiSpoofing: false }));
  await lab.start(kernelWithout(lab, 'table bridge'));
  await lab.eventually('vm2 is ready', () => lab.condition('link', 'vm2')?.status === 'True');
  expect(lab.condition('link', 'vm1', 'Stalled')).toMatchObject({
    reason: 'UnsupportedByKernel',
    message: expect.stringContaining('NF_TABLES_BRIDGE') as string,
  });
  expect(vm1.run(['ip', 'link', 'show', 'dev', 'eth0']).status).not.toBe(0);
  expect(lab.condition('br', 'br0')?.message).toContain('undeclared ports are not closed');
  await lab.client.serve(80);
  expect(await vm2.probe(CLIENT, 80)).toMatchObject({ server: 'client' });
  expect(lab.host.exec('nft', 'list', 'tables')).toBe('table inet lxcnet\n');
});

it('without address lookups nothing is made, and everything says why', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.start(kernelWithout(lab, 'fib daddr'));
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
