import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6 } from '../support/lab-network.ts';
import { EMPTY, LxcContainer, hooks, veth } from '../support/lxc.ts';
import { bridge, link, policy } from '../support/manifests.ts';

const ALL = ['pre-start', 'start-host', 'post-stop'];
const FLOOD = join(import.meta.dirname, '../support/first-flood.py');
/** What LXC itself gives the container, so that it could send before lxcnet knows of it. */
const ADDRESSED = veth(0, 'eth0', 'br0', 'ipv4.address = 10.10.20.10/24', 'ipv4.gateway = 10.10.20.1');

/** Counts what arrives by UDP, by port; in a table of somebody else's, after lxcnet's. */
const COUNT = `table inet probe {
  counter allowed {}
  counter forbidden {}
  chain in { type filter hook HOOK priority 100; udp dport 53 counter name allowed
    udp dport 9999 counter name forbidden
  }
}`;

it.each([
  ['lxcnet makes the pair', EMPTY, ALL],
  ['LXC makes the pair', ADDRESSED, ALL],
  ['LXC makes the pair, and init does not wait', ADDRESSED, ['pre-start']],
])('nothing of a flood from the first instruction on passes policy: %s', async (_, network, which) => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, [...network, ...hooks(lab, which)]);
  const sibling = lab.container('sibling');
  lab.write(
    'a.yaml',
    bridge('br0'),
    link('vm1', '', 10, { container: { lxc: 'vm1', lxcPath: container.lxcPath } }),
    link('sibling', sibling.name, 12),
    policy('dns', 'vm1', { policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'UDP', port: 53 }] }] }),
  );
  const places = [lab.client, lab.host, sibling];
  // What a container gets that is not for it never comes as far as its input.
  for (const place of places)
    place.run(['nft', '-f', '-'], COUNT.replace('HOOK', place === lab.host ? 'input' : 'prerouting'));
  await lab.start();
  const address = await lab.eventually(
    'the sibling has its interface',
    () => /link\/ether (\S+)/.exec(sibling.run(['ip', 'link', 'show', 'dev', 'eth0']).stdout)?.[1] ?? '',
  );
  container.write('flood.py', readFileSync(FLOOD, 'utf8'));
  container.start(`python3 /flood.py ${CLIENT} ${CLIENT6} ${address}; echo over > /over`);
  await lab.eventually('the flood is over', () => container.read('over') !== '', 30_000);
  const packets = (place: (typeof places)[number], name: string): number =>
    Number(/packets (\d+)/.exec(place.exec('nft', 'list', 'counter', 'inet', 'probe', name))?.[1]);
  expect(packets(lab.client, 'allowed')).toBeGreaterThan(100);
  for (const place of places) expect(packets(place, 'forbidden'), place.name).toBe(0);
});
