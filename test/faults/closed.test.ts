import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { record } from '../support/fault-scene.ts';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { OwnPrograms } from '../support/own-programs.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv[46]/conf/*/*forwarding';

it('as long as the filter cannot be put in force the host forwards for nobody, and no Link is made', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const vm1 = lab.container('vm1');
  const refused = join(lab.directory, 'refused');
  programs.replace(
    'nft',
    `case "$*" in
  '-f -') [ ! -e ${refused} ] || { echo 'Error: Could not process rule: No space left on device' >&2; exit 1; };;
esac
exec $MACHINE/nft "$@"`,
  );
  writeFileSync(refused, '');
  lab.write('a.yaml', bridge('br0', { masquerade: { interfaces: ['eth0'] } }), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.eventually('it is told', () => lab.cli('events').stdout.includes('NetfilterFailed'));
  lab.cli('reconcile');
  expect((await lab.condition('bridge', 'br0'))?.message).toBe(
    'netfilter: Could not process rule: No space left on device',
  );
  expect(lab.host.run(['ip', 'link', 'show', 'br0']).status).toBe(0);
  expect(lab.host.run(['ip', 'link', 'show', 'lx-vm1']).status).not.toBe(0);
  const forwarding = (): string => lab.host.exec('sh', '-c', `grep -H 1 ${FORWARDING} || :`);
  expect(forwarding()).toBe('');

  rmSync(refused);
  const start = performance.now();
  await lab.eventually('the host forwards', () => forwarding().includes('eth0/forwarding'), 60_000);
  expect(lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'guarded4')).toContain('eth0');
  record({
    fault: 'nft refuses everything at the first start',
    healed: performance.now() - start,
    limit: 60_000,
  });
  await lab.ready();
});
