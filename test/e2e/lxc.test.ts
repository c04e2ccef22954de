import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, veth } from '../support/lxc.ts';
import { bridge, forward, link } from '../support/manifests.ts';

it.each([
  ['makes the veth pair of a container that has none', EMPTY],
  ['takes over the veth pair that LXC made', veth(0, 'eth0', 'br0')],
])('lxcnet %s, and again after a restart', async (_, network) => {
  await using lab = new Lab();
  using container = new LxcContainer(lab, network);
  const spec = { container: { lxc: 'vm1', lxcPath: container.lxcPath }, macAddress: '00:11:22:33:44:55' };
  lab.write('a.yaml', bridge('br0'), link('vm1', 'unused', 10, spec), forward('web', 'vm1', [{ port: 80 }]));
  await lab.start();
  expect(lab.condition('link', 'vm1', 'ReferencesResolved')?.reason).toBe('ContainerNotRunning');
  for (const round of ['first', 'second']) {
    container.start();
    await lab.eventually(
      `the ${round} start is ready`,
      () => lab.condition('link', 'vm1')?.status === 'True',
    );
    const inside = container.run('ip', 'address', 'show', 'dev', 'eth0');
    for (const wanted of ['00:11:22:33:44:55', '10.10.20.10/24', 'fd00:20::10/64'])
      expect(inside).toContain(wanted);
    expect(container.run('ip', 'route')).toContain('default via 10.10.20.1');
    const marked = lab.host.exec('ip', '-d', 'link', 'show', 'master', 'br0');
    expect(marked).toContain('lxcnet:Link/default/vm1');
    expect(marked).toContain('isolated on');
    expect(lab.host.exec('ip', '-j', 'link', 'show', 'master', 'br0').split('"ifname"')).toHaveLength(2);
    container.stop();
    await lab.eventually(
      'it waits again',
      () => lab.condition('link', 'vm1')?.reason === 'ContainerNotRunning',
    );
  }
});
