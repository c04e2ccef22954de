import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, link, policy } from '../support/manifests.ts';
import type { NetNs } from '../support/netns.ts';
import { ask } from '../support/resolver.ts';

const GATEWAYS = ['10.10.20.1', 'fd00:20::1'];
const PROTOCOLS = ['UDP', 'TCP'] as const;
const SECOND = { addresses: ['10.10.21.1/24', 'fd00:21::1/64'] };
const ON_SECOND = { bridge: 'br1', addresses: ['10.10.21.11/24', 'fd00:21::11/64'] };

it('a container asks its bridge for names and addresses of all links, in both families and by UDP and TCP', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0', { dns: {} }),
    bridge('br1', SECOND),
    link('vm1', vm1.name, 10),
    link('db', vm2.name, 11, ON_SECOND, { namespace: 'back' }),
  );
  await lab.start();
  await lab.ready();
  for (const server of GATEWAYS) {
    for (const protocol of PROTOCOLS) {
      const question = (name: string, type: 'A' | 'AAAA' | 'PTR'): unknown =>
        ask(vm1, server, name, { type, protocol });
      expect(question('vm1.default.lxcnet', 'A')).toEqual({ code: 0, answers: ['10.10.20.10'] });
      expect(question('DB.back.lxcnet', 'AAAA')).toEqual({ code: 0, answers: ['fd00:21::11'] });
      expect(question('10.10.21.11', 'PTR')).toEqual({ code: 0, answers: ['db.back.lxcnet'] });
      expect(question('fd00:20::10', 'PTR')).toEqual({ code: 0, answers: ['vm1.default.lxcnet'] });
    }
  }
  expect(ask(vm1, '10.10.20.1', 'db.default.lxcnet').code).toBe(3);
  // Whom to ask for other names nobody has said.
  expect(ask(vm1, '10.10.20.1', 'example.org').code).toBe(5);
});

it("a bridge's resolver answers its own links and the host, whatever policies say, and nobody else", async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write(
    'a.yaml',
    bridge('br0', { dns: {} }),
    bridge('br1', { ...SECOND, dns: {} }),
    link('vm1', vm1.name, 10),
    link('vm2', vm2.name, 11, ON_SECOND),
    policy('closed', 'vm1', { policyTypes: ['Ingress', 'Egress'] }),
    // Also what may go anywhere asks its own bridge only.
    policy('anywhere', 'vm2', { policyTypes: ['Egress'], egress: [{}] }),
  );
  await lab.start();
  await lab.ready();
  await lab.host.serve(80);
  const found = { code: 0, answers: ['10.10.20.10'] };
  for (const server of GATEWAYS) {
    for (const protocol of PROTOCOLS) {
      const question = (from: NetNs): unknown => ask(from, server, 'vm1.default.lxcnet', { protocol });
      expect(question(vm1), `${server} ${protocol}`).toEqual(found);
      expect(question(lab.host), `${server} ${protocol}`).toEqual(found);
      expect(question(vm2), `${server} ${protocol}`).toEqual({ failure: 'timeout' });
      expect(question(lab.client), `${server} ${protocol}`).toEqual({ failure: 'timeout' });
    }
  }
  // Only DNS was opened, and only at the bridge's addresses; nobody answers at the host's others.
  expect(await vm1.probe('10.10.20.1', 80)).toMatchObject({ failure: 'timeout' });
  expect(await vm2.probe('10.10.20.1', 80)).toMatchObject({ server: 'host' });
  for (const address of [HOST, HOST6]) {
    expect(ask(vm1, address, 'vm1.default.lxcnet')).toEqual({ failure: 'timeout' });
    for (const from of [vm2, lab.client])
      expect(ask(from, address, 'vm1.default.lxcnet')).toEqual({ failure: 'refused' });
  }
  expect(ask(lab.host, '127.0.0.1', 'vm1.default.lxcnet')).toEqual({ failure: 'refused' });
});

it('another table that drops what a link asks of its bridge is named with a remedy, which helps', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0', { dns: {} }), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  const chain = 'type filter hook input priority 0; policy drop; iifname "lo" accept';
  const table = `table inet corp {\nchain input {\n${chain.replaceAll('; ', ';\n')}\n}\n}\n`;
  lab.host.run(['nft', '-f', '-'], table);
  const message = await lab.eventually(
    'the link says so',
    async () => (await lab.condition('link', 'vm1', 'ForeignFirewall'))?.message,
  );
  expect(message).toContain('drops UDP from 10.10.20.10 to 10.10.20.1 port 53');
  expect(ask(vm1, '10.10.20.1', 'vm1.default.lxcnet')).toEqual({ failure: 'timeout' });
  lab.host.exec('sh', '-c', /remedy: (.*?)(?=\. table|$)/.exec(message!)![1]!);
  await lab.eventually('it answers', () => ask(vm1, '10.10.20.1', 'vm1.default.lxcnet').code === 0);
});

/** A name server on the LAN that knows one name, and claims to know ours. */
async function serveNames(lab: Lab): Promise<void> {
  const words = ['--no-resolv', '--no-hosts', '--conf-file=/dev/null', '--pid-file='];
  const names = ['--address=/example.org/192.0.2.7', '--address=/lxcnet/192.0.2.66'];
  // In the background when it answers; it ends with the lab.
  lab.client.exec('dnsmasq', ...words, ...names);
  await lab.eventually('it answers', () => ask(lab.client, CLIENT, 'example.org').code === 0);
}

it.each([
  ['listed addresses', [CLIENT]],
  ["the host's own", 'Host'],
])('other names are asked of %s, and ours never', async (_, upstream) => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const resolvConf = join(lab.directory, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${CLIENT}\n`);
  await serveNames(lab);
  lab.write('a.yaml', bridge('br0', { dns: { upstream } }), link('vm1', vm1.name, 10));
  await lab.start(`mount --bind ${resolvConf} /etc/resolv.conf`);
  await lab.ready();
  expect(ask(vm1, '10.10.20.1', 'example.org')).toEqual({ code: 0, answers: ['192.0.2.7'] });
  expect(ask(vm1, '10.10.20.1', 'vm1.default.lxcnet')).toEqual({ code: 0, answers: ['10.10.20.10'] });
  expect(ask(vm1, '10.10.20.1', 'vm9.default.lxcnet').code).toBe(3);
  // It asks for its own links only, and opens nothing else.
  expect(ask(vm1, CLIENT, 'example.org')).toEqual({ failure: 'timeout' });
  expect(ask(lab.client, '10.10.20.1', 'example.org')).toEqual({ failure: 'timeout' });
});
