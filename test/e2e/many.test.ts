import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, veth } from '../support/lxc.ts';
import { bridge, link } from '../support/manifests.ts';
import { ReadyWatch } from '../support/ready-watch.ts';

const CONTAINERS = 200;

it('two hundred containers that start at once all become ready, and none is said to fail', async () => {
  await using lab = new Lab();
  using stack = new DisposableStack();
  const containers = Array.from({ length: CONTAINERS }, (_, index) =>
    stack.use(new LxcContainer(lab, index % 2 ? EMPTY : veth(0, 'eth0', 'br0'), `c${20 + index}`)),
  );
  const links = containers.map(({ name, lxcPath }) =>
    link(name, '', Number(name.slice(1)), { container: { lxc: name, lxcPath } }),
  );
  lab.write('a.yaml', bridge('br0'), ...links);
  await lab.start();
  using watch = new ReadyWatch(lab);
  const before = Date.now();
  for (const container of containers) container.start();
  const ready = await Promise.all(containers.map(({ name }) => watch.seen(name, true, before, 60_000)));
  console.log(`${CONTAINERS} containers are ready after ${Math.max(...ready) - before} ms`);
  for (const container of containers.slice(0, 4))
    expect(container.run('ip', 'address')).toContain(`10.10.20.${container.name.slice(1)}/24`);
  const events = lab.cli('events').stdout.split('\n');
  // A veth of LXC's may be seen as a port of the bridge before the process is found that it is for.
  const warnings = events.filter((line) => line.includes(' Warning ') && !line.includes(' UndeclaredPort '));
  expect(warnings).toEqual([]);
  expect(events.filter((line) => line.includes(' DriftCorrected '))).toEqual([]);
  const failed = /^lxcnet_reconcile_errors_total\{kind="Link"\} (\d+)$/m.exec(await lab.http('/metrics'));
  expect(failed?.[1]).toBe('0');
});
