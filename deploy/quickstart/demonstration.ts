import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Container, PAGE } from './container.ts';
import { type Daemon, NODE } from './daemon.ts';
import type { Output } from './output.ts';
import type { Site } from './site.ts';

const PROBE = join(import.meta.dirname, 'probe.ts');
const HOST = '192.168.254.19';
const CLIENT = '192.168.254.2';
const FORWARD = '"eth0" . 6 . 80 : 10.10.20.10 . 80';

/** One thing tried on the network. */
interface Attempt {
  readonly said: string;
  readonly outcome: string;
  readonly milliseconds: number;
}

interface Parts {
  readonly site: Site;
  readonly daemon: Daemon;
  readonly container: Container;
  readonly output: Output;
}

/** Shows what lxcnet does, a step at a time. @throws {Error} At the first step that is not as it should be. */
export async function demonstrate(parts: Parts): Promise<void> {
  await comeUp(parts);
  tryIn(parts);
  tryOut(parts);
  heal(parts);
}

async function comeUp({ daemon, container, output }: Parts): Promise<void> {
  output.title('Up');
  const before = performance.now();
  await daemon.start();
  output.step('the daemon has read the manifests', daemon.manifests, performance.now() - before);
  const start = performance.now();
  container.start();
  daemon.cli('wait', '--for=condition=Ready', '--all', '--timeout', '20s');
  output.step(
    'the LXC container runs, every resource is Ready',
    `lxc-execute, ${daemon.cli('get', '-A', '-o', 'name').trim().split('\n').join(' ')}`,
    performance.now() - start,
  );
}

function tryIn({ site, output }: Parts): void {
  output.title('From the LAN');
  const fetched = attempt(site, ['ip', 'netns', 'exec', site.client], 'fetch', HOST, 80);
  expect(fetched, 'ok', fetched.said === PAGE.trim());
  output.step(`the page at http://${HOST}/`, fetched.said, fetched.milliseconds);
  const ipv6 = attempt(site, ['ip', 'netns', 'exec', site.client], 'fetch', 'fd00:254::19', 80);
  expect(ipv6, 'ok', ipv6.said === PAGE.trim());
  output.step('the same over IPv6, http://[fd00:254::19]/', ipv6.said, ipv6.milliseconds);
  const other = attempt(site, ['ip', 'netns', 'exec', site.client], 'connect', HOST, 81);
  expect(other, 'refused');
  output.step('port 81 is refused', 'nothing is forwarded but what a manifest names', other.milliseconds);
}

function tryOut({ site, container, output }: Parts): void {
  output.title('From the container');
  const inside = ['nsenter', `--net=/proc/${container.pid()}/ns/net`];
  const web = attempt(site, inside, 'connect', CLIENT, 80);
  expect(web, 'dropped');
  output.step('it cannot reach the LAN', `${CLIENT}:80 never sees a packet`, web.milliseconds);
  const mail = attempt(site, inside, 'connect', CLIENT, 25);
  expect(mail, 'ok', mail.said === HOST);
  output.step('it can send mail, port 25', `which arrives from ${mail.said}: masqueraded`, mail.milliseconds);
}

function heal({ site, daemon, output }: Parts): void {
  output.title('Kept so');
  const list = (): string =>
    site.run(site.host, ['nft', '-n', 'list', 'map', 'inet', 'lxcnet', 'dnat_interface4']);
  expect({ said: list(), outcome: 'ok', milliseconds: 0 }, 'ok', list().includes('10.10.20.10'));
  site.run(site.host, ['nft', 'delete', 'element', 'inet', 'lxcnet', 'dnat_interface4', `{ ${FORWARD} }`]);
  const start = performance.now();
  while (!list().includes('10.10.20.10')) {
    if (performance.now() - start > 5_000) throw new Error('the deleted rule did not come back');
  }
  output.step(
    'a rule deleted by hand is back',
    `nft delete element … { ${FORWARD} }`,
    performance.now() - start,
  );
  rmSync(join(daemon.manifests, 'vm1.yaml'));
  const removed = performance.now();
  const gone = (): boolean =>
    !site.run(site.host, ['nft', 'list', 'table', 'inet', 'lxcnet']).includes('10.10.20.10') &&
    !site.run(site.host, ['ip', 'link']).includes('lx-vm1');
  while (!gone())
    if (performance.now() - removed > 5_000) throw new Error('what vm1.yaml made is still there');
  output.step(
    'vm1.yaml removed: all of it is gone',
    'link, forward and policy; a removal waits 500 ms to be certain',
    performance.now() - removed,
  );
}

/** Runs a probe behind a command that enters a namespace. */
function attempt(
  site: Site,
  enter: readonly string[],
  verb: 'fetch' | 'connect',
  address: string,
  port: number,
): Attempt {
  const [program = '', ...args] = enter;
  const { stdout } = spawnSync(program, [...args, NODE, PROBE, verb, address, String(port)], {
    encoding: 'utf8',
    cwd: site.directory,
  });
  const lines = stdout.trim().split('\n');
  const words = (lines.pop() ?? '').split(' ');
  return { said: lines.join('\n'), outcome: words.at(-2) ?? '', milliseconds: Number(words.at(-1)) };
}

function expect({ said, outcome }: Attempt, wanted: string, also = true): void {
  if (outcome !== wanted || !also) throw new Error(`expected '${wanted}', got '${outcome}' ${said}`);
}

/** Starts the servers on the LAN that the container is to reach, or not. */
export async function startServers(site: Site): Promise<void> {
  const child = site.start(site.client, [NODE, PROBE, 'listen', '25', '80'], 'pipe');
  let text = '';
  await new Promise<void>((resolve) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > 2) resolve();
    });
  });
}
