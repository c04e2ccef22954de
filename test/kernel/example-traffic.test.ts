import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, CLIENT6, HOST, HOST6 } from '../support/lab-network.ts';
import type { NetNs } from '../support/netns.ts';
import { ask, udhcpc } from '../support/resolver.ts';

/** The daemon with one of the examples, and the containers that it names. */
async function run(lab: Lab, example: string): Promise<ReadonlyMap<string, NetNs>> {
  const containers = new Map<string, NetNs>();
  const text = readFileSync(join(import.meta.dirname, '../../manifests', example), 'utf8');
  lab.write(
    example,
    text.replaceAll(/netns: (\w+)/g, (_, name: string) => {
      const container = lab.container(name);
      containers.set(name, container);
      return `netns: ${container.name}`;
    }),
  );
  await lab.start();
  await lab.ready();
  return containers;
}

it('dual-stack.yaml: the name server answers and asks in both families, and is closed besides', async () => {
  await using lab = new Lab();
  const dns = (await run(lab, 'dual-stack.yaml')).get('dns')!;
  for (const protocol of ['TCP', 'UDP'] as const) {
    for (const port of [53, 9003]) await dns.serve(port, protocol);
    for (const port of [53, 80]) await lab.client.serve(port, protocol);
  }
  for (const [host, client] of [
    [HOST, CLIENT],
    [HOST6, CLIENT6],
  ] as const) {
    for (const protocol of ['TCP', 'UDP'] as const) {
      expect(await lab.client.probe(host, 53, protocol)).toMatchObject({ server: 'dns', source: client });
      expect(await dns.probe(client, 53, protocol)).toMatchObject({ server: 'client', source: host });
    }
    expect(await lab.client.probe(host, 8003)).toMatchObject({ server: 'dns', source: client });
    expect(await lab.client.probe(host, 8003, 'UDP')).toMatchObject({ failure: 'refused' });
    expect(await dns.probe(client, 80)).toMatchObject({ failure: 'timeout' });
  }
});

it('policies.yaml: monitoring reads the metrics, the LAN uses its ports, and nobody anything else', async () => {
  await using lab = new Lab();
  const containers = await run(lab, 'policies.yaml');
  const [app, prometheus] = [containers.get('app')!, containers.get('prometheus')!];
  for (const port of [80, 8000, 8010, 8011, 9100]) await app.serve(port);
  await lab.client.serve(80);
  const ports = async (from: NetNs, address: string): Promise<number[]> => {
    const tried = [80, 8000, 8010, 8011, 9100];
    const replies = await Promise.all(tried.map((port) => from.probe(address, port)));
    return tried.filter((_, index) => replies[index]?.server === 'app');
  };
  for (const address of ['10.10.20.10', 'fd00:20::10']) {
    expect(await ports(prometheus, address), address).toEqual([9100]);
    expect(await ports(lab.client, address), address).toEqual([8000, 8010]);
  }
  // The guests of the LAN are excepted.
  lab.client.exec('ip', 'address', 'add', '192.168.254.200/24', 'dev', 'eth0');
  lab.client.exec('ip', 'route', 'replace', '10.10.20.0/24', 'via', HOST, 'src', '192.168.254.200');
  expect(await ports(lab.client, '10.10.20.10')).toEqual([]);
  // What no policy of type Egress selects may go where it likes on this bridge.
  for (const address of [CLIENT, CLIENT6])
    expect(await prometheus.probe(address, 80), address).toMatchObject({ server: 'client' });
});

it('names.yaml: the web server finds its database by name, and reaches it', async () => {
  await using lab = new Lab();
  const containers = await run(lab, 'names.yaml');
  const [web, db] = [containers.get('web')!, containers.get('db')!];
  await db.serve(5432);
  expect(udhcpc(web)).toMatchObject({ ip: '10.10.20.10', dns: '10.10.20.1', domain: 'default.lxcnet' });
  for (const type of ['A', 'AAAA'] as const) {
    const [address] = ask(web, '10.10.20.1', 'db.default.lxcnet', { type }).answers!;
    expect(await web.probe(address!, 5432), address).toMatchObject({ server: 'db' });
  }
});
