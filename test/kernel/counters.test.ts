import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { HOST } from '../support/lab-network.ts';
import { bridge, forward, link } from '../support/manifests.ts';

it('counters only grow: over edits, tables that somebody deletes, and restarts of the daemon', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  const web = (targetPort: number): object => forward('web', 'vm1', [{ port: 80, targetPort }]);
  const write = async (targetPort: number): Promise<void> => {
    lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), web(targetPort));
    await lab.ready();
  };
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), web(80));
  await lab.start();
  await lab.ready();
  for (const port of [80, 81]) await vm1.serve(port);
  let highest = 0;
  const connections = async (): Promise<number> => {
    const text = /^lxcnet_port_forward_connections_total\{namespace="default",name="web"\} (\d+)$/m.exec(
      await lab.http('/metrics'),
    )?.[1];
    if (text === undefined) return highest;
    expect(Number(text)).toBeGreaterThanOrEqual(highest);
    return (highest = Number(text));
  };
  const connect = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++)
      expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  };
  const reached = (count: number): Promise<boolean> =>
    lab.eventually(`${count} connections are counted`, async () => (await connections()) === count, 30_000);

  await connect(3);
  await reached(3);
  await write(81);
  await connect(2);
  await reached(5);
  lab.host.exec('nft', 'delete', 'table', 'inet', 'lxcnet');
  await lab.ready();
  await connect(1);
  await reached(6);
  expect(await lab.stop()).toBe(0);
  await connect(2);
  await lab.start();
  await reached(8);
  await lab.stop('SIGKILL');
  await lab.start();
  await connect(1);
  await reached(9);
});
