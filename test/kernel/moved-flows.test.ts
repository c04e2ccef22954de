import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { HOST, HOST6 } from '../support/lab-network.ts';
import { bridge, forward, link } from '../support/manifests.ts';

it('a UDP forward that is moved to another container takes its running flows along, and no others', async () => {
  await using lab = new Lab();
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  const parts = [bridge('br0'), link('vm1', vm1.name, 10), link('vm2', vm2.name, 11)];
  const dns = (target: string): object => forward('dns', target, [{ port: 53, protocol: 'UDP' }]);
  const ntp = forward('ntp', 'vm1', [{ port: 123, targetPort: 53, protocol: 'UDP' }]);
  lab.write('a.yaml', ...parts, ntp);
  await lab.start();
  await lab.ready();
  for (const netns of [lab.host, vm1, vm2]) await netns.serve(53, 'UDP');
  const flows = [await lab.client.converse(HOST, 53), await lab.client.converse(HOST6, 53)];
  const other = await lab.client.converse(HOST, 123);
  const servers = async (): Promise<(string | undefined)[]> =>
    Promise.all(flows.map(async (ask) => (await ask()).server));

  expect(await servers()).toEqual(['host', 'host']);
  expect(await other()).toMatchObject({ server: 'vm1' });
  for (const target of ['vm1', 'vm2', 'vm1']) {
    lab.write('a.yaml', ...parts, ntp, dns(target));
    await lab.ready();
    expect(await servers(), target).toEqual([target, target]);
  }
  lab.write('a.yaml', ...parts, ntp);
  await lab.eventually('the host answers itself', async () =>
    (await servers()).every((server) => server === 'host'),
  );
  expect(await other()).toMatchObject({ server: 'vm1' });
  expect(lab.cli('events').stdout).not.toContain('FlowsNotMoved');
});
