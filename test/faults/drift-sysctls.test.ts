import { expect, it } from 'vitest';
import { FULL, Scene, WITHOUT_EVENT } from '../support/fault-scene.ts';

/** Of the bridge, of the uplink, and of the host: what lxcnet sets, and what would break it. */
const SYSCTLS: readonly (readonly [path: string, wrong: string])[] = [
  ['net/ipv4/conf/br0/forwarding', '0'],
  ['net/ipv4/conf/br0/send_redirects', '1'],
  ['net/ipv4/conf/br0/proxy_arp_pvlan', '0'],
  ['net/ipv4/neigh/br0/proxy_delay', '80'],
  ['net/ipv4/conf/br0/route_localnet', '0'],
  ['net/ipv6/conf/br0/forwarding', '0'],
  ['net/ipv6/conf/br0/force_forwarding', '0'],
  ['net/ipv6/conf/br0/proxy_ndp', '0'],
  ['net/ipv6/neigh/br0/proxy_delay', '80'],
  ['net/ipv4/conf/eth0/forwarding', '0'],
  ['net/ipv6/conf/eth0/force_forwarding', '0'],
  ['net/bridge/bridge-nf-call-iptables', '1'],
  ['net/bridge/bridge-nf-call-ip6tables', '1'],
  ['net/bridge/bridge-nf-call-arptables', '1'],
];

it('every sysctl is put right within the time that the contract gives, and told', async () => {
  await using scene = new Scene();
  const { host, lab } = scene;
  await scene.start();
  scene.drip();
  const values = (): string => host.exec('sh', '-c', `cd /proc/sys; head -v ${known.join(' ')}`);
  const exists = ([path]: readonly [string, string]): boolean =>
    host.run(['test', '-e', `/proc/sys/${path}`]).status === 0;
  const present = SYSCTLS.filter(exists);
  const known = present.map(([path]) => path);
  const limit = { limit: WITHOUT_EVENT };
  const breaking = (some: typeof SYSCTLS): string =>
    some.map(([path, wrong]) => `echo ${wrong} > /proc/sys/${path}`).join('; ');
  // Each is waited for up to two seconds, so the short form breaks all of them at once.
  for (const some of FULL ? present.map((one) => [one]) : [present])
    await scene.heals(breaking(some), values, () => host.exec('sh', '-c', breaking(some)), limit);
  // Switching a whole family off and on again does so for every interface: what is ours has to be forwarding again.
  for (const path of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
    const toggle = `echo 1 > /proc/sys/${path}; echo 0 > /proc/sys/${path}`;
    await scene.heals(`${path} on and off`, values, () => host.exec('sh', '-c', toggle), limit);
  }
  await lab.ready();
  const events = lab.cli('events').stdout;
  expect(events).toMatch(/Bridge\/br0 +DriftCorrected|DriftCorrected +bridge\/br0/i);
  expect(events).toContain("value '");
});
