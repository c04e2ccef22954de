import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import type { NetNs } from '../support/netns.ts';

const FIXTURES = join(import.meta.dirname, '../import/fixtures');

/** What import makes of files, with namespaces in the place of LXC containers, put into force. */
async function run(lab: Lab, files: readonly string[]): Promise<NetNs> {
  const vm1 = lab.container('vm1');
  const imported = lab.cli('import', ...files);
  expect(imported, imported.stderr).toMatchObject({ status: 0 });
  expect(imported.stdout).toContain('    lxc: vm1\n');
  lab.write('imported.yaml', imported.stdout.replace('    lxc: vm1\n', `    netns: ${vm1.name}\n`));
  expect(lab.cli('validate', lab.manifests)).toMatchObject({ status: 0 });
  await lab.start();
  await lab.ready();
  return vm1;
}

it("what import makes of the old how-to's files does what they did", async () => {
  await using lab = new Lab();
  const vm1 = await run(lab, [join(FIXTURES, 'lxc.conf'), join(FIXTURES, 'network.sh')]);
  for (const port of [80, 81]) await vm1.serve(port);
  await lab.client.serve(80);
  // The host's port 80 is the container's, and the client keeps its address.
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  // From outside only the web server; from inside no new connections.
  expect(await lab.client.probe('10.10.20.10', 80)).toMatchObject({ server: 'vm1', source: CLIENT });
  expect(await lab.client.probe('10.10.20.10', 81)).toMatchObject({ failure: 'timeout' });
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ failure: 'timeout' });
  expect(vm1.exec('ip', 'link', 'show', 'eth0')).toContain('00:11:22:33:44:55');
});

it('a script that masquerades and accepts lets the container reach the LAN, as far as it says', async () => {
  await using lab = new Lab();
  const script = join(lab.directory, 'network.sh');
  writeFileSync(
    script,
    [
      'brctl addbr br0; ip addr add 10.10.20.1/24 dev br0; ip link set br0 up',
      'iptables -P FORWARD DROP',
      'iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      'iptables -A FORWARD -i br0 -o eth0 -p tcp --dport 25 -j ACCEPT',
      'iptables -t nat -A POSTROUTING -s 10.10.20.0/24 -o eth0 -j MASQUERADE',
      'iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8000:8010 -j DNAT --to 10.10.20.10:9000-9010',
    ].join('\n'),
  );
  const vm1 = await run(lab, [join(FIXTURES, 'lxc.conf'), script]);
  await vm1.serve(9003);
  for (const port of [25, 80]) await lab.client.serve(port);
  expect(await vm1.probe(CLIENT, 25)).toMatchObject({ server: 'client', source: HOST });
  expect(await vm1.probe(CLIENT, 80)).toMatchObject({ failure: 'timeout' });
  expect(await lab.client.probe(HOST, 8003)).toMatchObject({ server: 'vm1', source: CLIENT });
});
