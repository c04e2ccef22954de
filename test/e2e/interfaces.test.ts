import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { LxcContainer, veth } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';

const REBOOT = "python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x01234567)'";

it('a veth that LXC makes is taken over whatever its configuration says of names, addresses and flags', async () => {
  await using lab = new Lab();
  const down = [
    'type = veth',
    'link = br0',
    'name = lan0',
    'hwaddr = 02:16:3e:xx:xx:xx',
    'veth.pair = vm1-lan',
  ];
  using container = new LxcContainer(lab, [
    ...down.map((line) => `lxc.net.0.${line}`),
    ...veth(1, 'eth1', 'br0', 'hwaddr = 00:16:3E:00:00:0x', 'mtu = 1300'),
    ...veth(7, 'eth7', 'br1', 'ipv4.address = 10.10.30.99/24'),
  ]);
  const of = { container: { lxc: 'vm1', lxcPath: container.lxcPath } };
  lab.write(
    'a.yaml',
    bridge('br0'),
    bridge('br1', { addresses: ['10.10.30.1/24'] }),
    link('lan', '', 10, { ...of, interface: 'lan0' }),
    link('second', '', 11, { ...of, interface: 'eth1', gateway: 'None', macAddress: '00:11:22:33:44:55' }),
    link('dmz', '', 0, {
      ...of,
      bridge: 'br1',
      interface: 'eth7',
      addresses: ['10.10.30.7/24'],
      gateway: 'None',
    }),
    // LXC makes none of this name: lxcnet does.
    link('made', '', 12, { ...of, interface: 'eth9', gateway: 'None' }),
  );
  await lab.start();
  const boots = (): number => container.read('boots').split('\n').length - 1;
  container.boot(
    `echo x >> /boots; [ $(wc -l < /boots) -gt 1 ] || { until [ -e /again ]; do sleep 0.1; done; ${REBOOT}; }`,
  );
  for (const boot of [1, 2]) {
    await lab.eventually(`start ${boot}`, () => boots() === boot, 30_000);
    // The conditions of the start before may still stand for a moment; what is inside does not.
    const addresses = ['10.10.20.10', '10.10.20.11', '10.10.30.7', '10.10.20.12'];
    const isConfigured = (): boolean =>
      addresses.every((one) => container.run('ip', 'address').includes(`${one}/24`));
    await lab.eventually('it is configured', isConfigured);
    for (const name of ['lan', 'second', 'dmz', 'made'])
      await lab.eventually(
        `${name} is ready`,
        async () => (await lab.condition('link', name))?.status === 'True',
      );
    const inside = container.run('ip', 'address');
    expect(inside).toContain('00:11:22:33:44:55');
    expect(inside.match(/state UP/g)).toHaveLength(4);
    expect(inside.match(/mtu 1500/g)).toHaveLength(4);
    expect(container.run('ip', 'route')).toContain('default via 10.10.20.1 dev lan0');
    const ports = lab.host.json('ip', '-j', '-d', 'link') as {
      ifname: string;
      ifalias?: string;
      master?: string;
      linkinfo?: { info_slave_data?: { isolated?: boolean } };
    }[];
    const ours = ports.filter(({ ifalias }) => ifalias?.startsWith('lxcnet:Link/'));
    expect(
      ours
        .map(({ ifalias, master, linkinfo }) => [ifalias, master, linkinfo?.info_slave_data?.isolated])
        .sort(),
    ).toEqual([
      ['lxcnet:Link/default/dmz', 'br1', true],
      ['lxcnet:Link/default/lan', 'br0', true],
      ['lxcnet:Link/default/made', 'br0', true],
      ['lxcnet:Link/default/second', 'br0', true],
    ]);
    expect(ours.find(({ ifalias }) => ifalias === 'lxcnet:Link/default/lan')?.ifname, lab.log()).toBe(
      'vm1-lan',
    );
    container.write('again', '');
  }
});
