import { expect, it } from 'vitest';
import { followChanges } from '../support/changes.ts';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, route } from '../support/manifests.ts';
import type { NetNs } from '../support/netns.ts';

const ADDRESSES = { br0: ['10.10.20.1/24', '10.10.20.2/24'], eth0: ['10.10.20.10/24', '10.10.20.11/24'] };

const addresses = (netns: NetNs, device: string): string[] =>
  [...netns.exec('ip', '-4', '-o', 'address', 'show', 'dev', device).matchAll(/inet (\S+)/g)]
    .map(([, address]) => address!)
    .sort();

/** What a second look at everything writes. */
async function rewritten(lab: Lab): Promise<readonly string[]> {
  const changes = await followChanges(lab);
  expect(lab.cli('reconcile').stdout).toMatch(/, 0 writes, /);
  return changes();
}

it('two addresses of one subnet are left alone once they are there, and both come back with the first', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write(
    'a.yaml',
    bridge('br0', { addresses: [...ADDRESSES.br0, 'fd00:20::1/64'] }),
    link('vm1', vm1.name, 10, { addresses: [...ADDRESSES.eth0, 'fd00:20::10/64'] }),
  );
  await lab.start();
  await lab.ready();
  expect(await rewritten(lab)).toEqual([]);
  for (const [netns, device] of [
    [lab.host, 'br0'],
    [vm1, 'eth0'],
  ] as const) {
    expect(addresses(netns, device)).toEqual(ADDRESSES[device]);
    // The kernel takes the others of the subnet away with it.
    netns.exec('ip', 'address', 'delete', ADDRESSES[device][0]!, 'dev', device);
    await lab.eventually(
      `both are back on ${device}`,
      () => addresses(netns, device).join() === ADDRESSES[device].join(),
    );
  }
  await lab.ready();
  expect(vm1.exec('ip', 'route')).toContain('default via 10.10.20.1 ');
  expect(await rewritten(lab)).toEqual([]);
});

it('a route that names an interface and no next hop is left alone once it is there', async () => {
  await using lab = new Lab();
  lab.write(
    'a.yaml',
    route('six', { to: 'fd30::/32', interface: 'eth0' }),
    route('four', { to: '10.30.0.0/16', interface: 'eth0' }),
    route('other', { to: '10.31.0.0/16', via: CLIENT }),
  );
  await lab.start();
  await lab.ready();
  expect(lab.host.exec('ip', '-6', 'route')).toMatch(/^fd30::\/32 dev eth0 proto 199 /m);
  expect(await rewritten(lab)).toEqual([]);
});
