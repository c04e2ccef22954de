import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Container, PAGE } from './container.ts';
import { type Daemon, NODE } from './daemon.ts';
import type { Output, Shown } from './output.ts';
import type { Site } from './site.ts';

const PROBE = join(import.meta.dirname, 'probe.ts');
const HOST = '192.168.254.19';
const CLIENT = '192.168.254.2';
const FORWARD = '"eth0" . 6 . 80 : 10.10.20.10 . 80';
const LONGEST_HEALING = 5_000;

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
  await tryIn(parts);
  await tryOut(parts);
  await heal(parts);
}

async function comeUp({ daemon, container, output }: Parts): Promise<void> {
  output.title('Up');
  await output.step('the daemon has read the manifests', async () => {
    await daemon.start();
    return daemon.manifests;
  });
  await output.step('the LXC container runs, every resource is Ready', async () => {
    container.start();
    await daemon.cli('wait', '--for=condition=Ready', '--all', '--timeout', '20s');
    return (await daemon.cli('get', '-A', '-o', 'name')).trim().split('\n').join(' ');
  });
}

async function tryIn({ site, output }: Parts): Promise<void> {
  output.title('From the LAN');
  const page = async (address: string): Promise<Shown> => {
    const fetched = await attempt(site, site.client, [], 'fetch', address, 80);
    expect(fetched, 'ok', fetched.said === PAGE.trim());
    return { detail: fetched.said, milliseconds: fetched.milliseconds };
  };
  await output.step(`the page at http://${HOST}/`, () => page(HOST));
  await output.step('the same over IPv6, http://[fd00:254::19]/', () => page('fd00:254::19'));
  await output.step('port 81 is refused', async () => {
    const other = await attempt(site, site.client, [], 'connect', HOST, 81);
    expect(other, 'refused');
    return { detail: 'nothing is forwarded but what a manifest names', milliseconds: other.milliseconds };
  });
}

async function tryOut({ site, container, output }: Parts): Promise<void> {
  output.title('From the container');
  const inside = ['nsenter', `--net=/proc/${await container.pid()}/ns/net`];
  await output.step('it cannot reach the LAN', async () => {
    const web = await attempt(site, site.host, inside, 'connect', CLIENT, 80);
    expect(web, 'dropped');
    return { detail: `no answer from ${CLIENT}:80, which listens`, milliseconds: web.milliseconds };
  });
  await output.step('it can send mail, port 25', async () => {
    const mail = await attempt(site, site.host, inside, 'connect', CLIENT, 25);
    expect(mail, 'ok', mail.said === HOST);
    return { detail: `which arrives from ${mail.said}: masqueraded`, milliseconds: mail.milliseconds };
  });
}

async function heal({ site, daemon, output }: Parts): Promise<void> {
  output.title('Kept so');
  const nft = (...args: readonly string[]): Promise<string> => site.run(site.host, ['nft', '-n', ...args]);
  await output.step('a rule deleted by hand is back', async () => {
    await nft('delete', 'element', 'inet', 'lxcnet', 'dnat_interface4', `{ ${FORWARD} }`);
    const milliseconds = await until('the deleted rule did not come back', async () =>
      (await nft('list', 'map', 'inet', 'lxcnet', 'dnat_interface4')).includes('10.10.20.10'),
    );
    return { detail: `nft delete element … { ${FORWARD} }`, milliseconds };
  });
  await output.step('vm1.yaml removed: all of it is gone', async () => {
    rmSync(join(daemon.manifests, 'vm1.yaml'));
    const milliseconds = await until('what vm1.yaml made is still there', async () => {
      const filter = await nft('list', 'table', 'inet', 'lxcnet');
      const links = await site.run(site.host, ['ip', 'link']);
      return !filter.includes('10.10.20.10') && !links.includes('lx-vm1');
    });
    return { detail: 'link, forward and policy; a removal waits 500 ms to be certain', milliseconds };
  });
}

/** Waits until something is so. @returns The milliseconds that took. @throws {Error} `otherwise`, when it takes too long. */
async function until(otherwise: string, isSo: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > LONGEST_HEALING) throw new Error(otherwise);
    await delay(2);
  }
  return performance.now() - start;
}

/** Runs a probe in a namespace of the site, or further in, behind a command that enters one. */
async function attempt(
  site: Site,
  namespace: string,
  enter: readonly string[],
  verb: 'fetch' | 'connect',
  address: string,
  port: number,
): Promise<Attempt> {
  const printed = await site.run(namespace, [...enter, NODE, PROBE, verb, address, String(port)]);
  const lines = printed.trim().split('\n');
  const words = (lines.pop() ?? '').split(' ');
  return { said: lines.join('\n'), outcome: words.at(-2) ?? '', milliseconds: Number(words.at(-1)) };
}

function expect({ said, outcome }: Attempt, wanted: string, also = true): void {
  if (outcome !== wanted || !also) throw new Error(`expected '${wanted}', got '${outcome}' ${said}`);
}

/** Starts the servers on the LAN that the container is to reach, or not. @throws {Error} When they do not start. */
export async function startServers(site: Site): Promise<void> {
  const child = site.start(site.client, [NODE, PROBE, 'listen', '25', '80'], 'pipe');
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error(`the servers on the LAN ended: ${text}`)));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split('listening').length > 2) resolve();
      });
  });
}
