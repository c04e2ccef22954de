import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Container, createContainer } from './container.ts';
import { type Daemon, createDaemon } from './daemon.ts';
import { demonstrate, startServers } from './demonstration.ts';
import { type Output, createOutput } from './output.ts';
import { sweepSites } from './removal.ts';
import { type Site, createSite } from './site.ts';

/*
 * The quickstart. It makes a host and a LAN of its own in network namespaces, and removes them whatever happens; it
 * neither reads nor changes the network of the machine that it runs on.
 */

let site: Site | undefined;
// Before anything is made: what is made is removed, at whatever moment the end comes.
process.on('exit', () => site?.close());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const output = createOutput();
const logs: (() => string)[] = [];
try {
  await quickstart(process.argv.includes('--keep'));
} catch (error) {
  // Ctrl-C also ends the program that was waited for: where that is why, the signal is handled first, and exits.
  await new Promise((resolve) => setTimeout(resolve, 50));
  output.text(`\nThat did not work: ${error instanceof Error ? error.message : String(error)}`);
  const text = logs.map((log) => log()).join('');
  if (text !== '') output.text(`\nThe end of the logs:\n${text.trimEnd().split('\n').slice(-20).join('\n')}`);
  process.exitCode = 1;
}
process.exit();

async function quickstart(keep: boolean): Promise<void> {
  sweepSites();
  site = createSite();
  const container = createContainer(site, 'vm1');
  const daemon = createDaemon(site, (directory) => {
    // The container of the demonstration lives in a directory of its own, not in /var/lib/lxc.
    const path = join(directory, 'vm1.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('/var/lib/lxc', container.lxcPath));
  });
  logs.push(container.log, daemon.log);

  output.text('lxcnet: a throw-away host with a container, and a client on its LAN\n');
  output.text('  client ─────────────── host ───────────── br0 ─────── vm1 (LXC, lighttpd)');
  output.text('  192.168.254.2   192.168.254.19     10.10.20.1   10.10.20.10');

  await startServers(site);
  const untouched = await describeHost(site);
  const vm1 = join(daemon.manifests, 'vm1.yaml');
  const text = readFileSync(vm1, 'utf8');
  await demonstrate({ site, daemon, container, output });
  if (keep) {
    writeFileSync(vm1, text);
    await stayUp(site, daemon, output);
  }
  await goDown({ site, daemon, container, untouched });
  output.text(
    '\nNothing is left behind. The manifests are in manifests/quickstart; README.md says how to go on.',
  );
}

async function stayUp({ host, client }: Site, daemon: Daemon, to: Output): Promise<void> {
  await daemon.cli('reconcile');
  await daemon.cli('wait', '--for=condition=Ready', 'link/vm1', '--timeout', '20s');
  to.title('vm1.yaml is back, and everything stays up until Ctrl-C. To look around, in another terminal:');
  const commands = [
    ...['get -A', 'describe link vm1', 'events'].map(
      (query) => `${daemon.command} ${query} --runtime-dir ${daemon.runtimeDir}`,
    ),
    `ip netns exec ${host} nft list table inet lxcnet`,
    `ip netns exec ${client} bash`,
    `ls ${daemon.manifests}`,
  ];
  for (const command of commands) to.text(`  ${command}`);
  await new Promise(() => setInterval(() => undefined, 60_000));
}

interface Down {
  readonly site: Site;
  readonly daemon: Daemon;
  readonly container: Container;
  readonly untouched: string;
}

async function goDown({ site: { run, host }, daemon, container, untouched }: Down): Promise<void> {
  output.title('Down');
  await output.step('the container and the daemon are stopped', async () => {
    await container.stop();
    await daemon.stop();
    await run(host, ['ip', 'link', 'show', 'br0']);
    return 'a daemon that stops leaves the network as it is: br0 is still there';
  });
  await output.step('teardown', async () => {
    const said = await daemon.teardown();
    const left = await describeHost({ run, host });
    if (left !== untouched) throw new Error(`the host was\n${untouched}\nand is\n${left}`);
    return `${said.trim()}, and the host is as it was`;
  });
}

/** What a teardown has to bring back: interfaces, addresses, routes, forwarding, filters. */
async function describeHost({ run, host }: Pick<Site, 'run' | 'host'>): Promise<string> {
  const queries = [
    'ip -br link',
    'ip -br address',
    'ip route',
    'ip -6 route',
    'ip netconf',
    'nft list ruleset',
  ];
  const answers: string[] = [];
  for (const query of queries) answers.push(await run(host, query.split(' ')));
  return answers.join('');
}
