import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { ask, resolverPid, udhcpc } from '../support/resolver.ts';

const UNIT = readFileSync(join(import.meta.dirname, '../../deploy/systemd/lxcnet.service'), 'utf8');

/** What the unit says, of all lines with this name. */
const setting = (name: string): string =>
  UNIT.split('\n')
    .flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []))
    .join(' ');

it('dnsmasq is started, told of changes and ended with the capabilities and the umask that the unit leaves', async () => {
  const capabilities = setting('CapabilityBoundingSet')
    .split(' ')
    .map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`);
  const sandbox = ['setpriv', '--no-new-privs', `--bounding-set=-all,${capabilities.join(',')}`];
  await using lab = new Lab(() => [...sandbox, 'sh', '-c', `umask ${setting('UMask')} && exec "$@"`, 'sh']);
  // As RuntimeDirectory= makes it.
  mkdirSync(join(lab.directory, 'run'), { mode: 0o755 });
  const [vm1, vm2] = [lab.container('vm1'), lab.container('vm2')];
  lab.write('a.yaml', bridge('br0', { dns: {}, dhcp: {} }), link('vm1', vm1.name, 10));
  await lab.start();
  await lab.ready();
  expect(udhcpc(vm1)).toMatchObject({ ip: '10.10.20.10' });
  // Root's rights are gone, but for what answering takes: addresses of neighbours, raw packets, ports below 1024.
  const most = (1n << 12n) | (1n << 13n) | (1n << 10n);
  for (const name of ['br0/dns', 'br0/dhcp']) {
    const status = readFileSync(`/proc/${resolverPid(lab, name)}/status`, 'utf8');
    expect(status).not.toMatch(/^Uid:\s+0\s/m);
    expect(BigInt(`0x${/^CapPrm:\s+(\w+)/m.exec(status)![1]!}`) & ~most).toBe(0n);
  }
  lab.write('b.yaml', link('vm2', vm2.name, 11));
  await lab.eventually('a new name is known', () => ask(vm1, '10.10.20.1', 'vm2.default.lxcnet').code === 0);
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  await lab.eventually(
    'it ended',
    () => ask(lab.host, '10.10.20.1', 'vm1.default.lxcnet').failure === 'refused',
  );
});

it('stopping the unit leaves the dnsmasq of the bridges alone', () => {
  expect(setting('KillMode')).toBe('process');
});
