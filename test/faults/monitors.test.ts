import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Drips } from '../support/drips.ts';
import { Lab } from '../support/lab.ts';
import { bridge, link } from '../support/manifests.ts';
import { record } from '../support/fault-scene.ts';
import { OwnPrograms } from '../support/own-programs.ts';

/** The monitors check themselves every second; beside other tests everything takes longer. */
const FOUND_OUT = 6_000;
/** Whether events wait for them is looked at every five seconds, and has to be so twice; the audit comes after 120 s. */
const DEAF_FOUND_OUT = 40_000;

/** The daemon's child that was started with these arguments. */
function childOf(parent: number, ...words: readonly string[]): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (status.includes(`PPid:\t${parent}\n`) && words.every((word) => argv.includes(word)))
        return Number(pid);
    } catch {
      // it has ended meanwhile
    }
  }
  throw new Error(`the daemon has no child ${words.join(' ')}`);
}

const MONITORS = [
  { words: ['ip', 'monitor'], group: 'link' },
  { words: ['lxcnet-nft-monitor'], group: 'nft' },
] as const;
const DRIFT = 'ip link set lx-vm1 mtu 1300; nft delete element inet lxcnet bridges { br0 }';

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  it(`monitors that get ${signal} are replaced, and what happens meanwhile is put right`, async () => {
    await using lab = new Lab();
    const vm1 = lab.container('vm1');
    lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
    await lab.start();
    await lab.ready();
    using drips = new Drips(lab);
    for (const { words, group } of MONITORS) {
      const pid = childOf(lab.pid, ...words);
      const restarts = async (): Promise<number> => {
        const { body } = await lab.host.get(9469, '/metrics');
        return Number(new RegExp(`restarts_total\\{group="${group}"\\} (\\d+)`).exec(body)![1]);
      };
      const before = await restarts();
      process.kill(pid, signal);
      const start = performance.now();
      lab.host.exec('sh', '-c', DRIFT);
      await lab.eventually(
        'what happened meanwhile is put right',
        () =>
          lab.host.exec('ip', 'link', 'show', 'dev', 'lx-vm1').includes('mtu 1500') &&
          lab.host.exec('nft', 'list', 'set', 'inet', 'lxcnet', 'bridges').includes('br0'),
        FOUND_OUT,
      );
      record({
        fault: `${signal} to ${words.join(' ')}`,
        healed: performance.now() - start,
        limit: FOUND_OUT,
        leaked: drips.leaked(),
        opensFilter: true,
      });
      await lab.eventually('another one listens', async () => (await restarts()) > before, FOUND_OUT);
      expect(childOf(lab.pid, ...words)).not.toBe(pid);
      expect(await lab.http('/readyz')).toContain('200');
    }
  });
}

/** Follows links, addresses and routes as a monitor does, and then never reads what it is told. */
const DEAF = String.raw`python3 -c '
import socket, time
follows = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
follows.bind((0, 0x551))
time.sleep(600)
'`;

it('a monitor that runs and reads no more is replaced, and what happens meanwhile is put right', async () => {
  const { lab: made, programs } = OwnPrograms.around((around) => new Lab(around));
  await using lab = made;
  const vm1 = lab.container('vm1');
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10));
  // The first that is asked to follow is deaf, those after it are not.
  const deaf = join(lab.directory, 'deaf');
  const first = `mkdir ${deaf} 2>/dev/null && exec ${DEAF}`;
  programs.replace('ip', `case "$*" in *" monitor "*) ${first};; esac; exec $MACHINE/../bin/ip "$@"`);
  await lab.start();
  await lab.ready();
  using drips = new Drips(lab);
  const pid = childOf(lab.pid, 'python3');
  const start = performance.now();
  lab.host.exec('ip', 'link', 'set', 'lx-vm1', 'mtu', '1300');
  await lab.eventually(
    'what happened meanwhile is put right',
    () => lab.host.exec('ip', 'link', 'show', 'dev', 'lx-vm1').includes('mtu 1500'),
    DEAF_FOUND_OUT,
  );
  record({
    fault: 'an ip monitor that is deaf',
    healed: performance.now() - start,
    limit: DEAF_FOUND_OUT,
    leaked: drips.leaked(),
  });
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await lab.eventually('another one listens', async () =>
    /restarts_total\{group="link"\} [1-9]/.test(await lab.http('/metrics')),
  );
});
