import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { OwnPrograms } from '../support/own-programs.ts';

/** More than a pass has rounds. */
const CONTAINERS = 8;
/** A round looks, writes and looks again. */
const SLOW_IP = 'sleep 0.1; exec $MACHINE/../bin/ip "$@"';

it('containers that come one after the other, each while a pass is under way, become ready without a failure', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const names = Array.from({ length: CONTAINERS }, (_, index) => `vm${10 + index}`);
  const links = names.map((name, index) => link(name, `${lab.prefix}${name}`, 10 + index));
  lab.write('a.yaml', bridge('br0'), ...links);
  await lab.start();
  const count = async (metric: string): Promise<number> => {
    const pattern = new RegExp(`^${metric}\\{kind="Link"[^}]*\\} (\\d+)$`, 'm');
    return Number(pattern.exec(await lab.http('/metrics'))?.[1]);
  };
  programs.replace('ip', SLOW_IP);
  for (const name of names) {
    lab.container(name);
    await lab.eventually(
      `${name} has its interface`,
      () => lab.host.run(['ip', 'link', 'show', 'dev', `lx-${name}`]).status === 0,
    );
  }
  await lab.ready();
  expect(await count('lxcnet_batch_operations_total')).toBeGreaterThanOrEqual(CONTAINERS);
  expect(await count('lxcnet_reconcile_errors_total')).toBe(0);
});
