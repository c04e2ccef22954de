import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContainer } from './container.ts';
import { createDaemon } from './daemon.ts';
import { demonstrate, startServers } from './demonstration.ts';
import { createOutput } from './output.ts';
import { createSite } from './site.ts';

/*
 * The quickstart. It makes a host and a LAN of its own in network namespaces, and removes them whatever happens; it
 * neither reads nor changes the network of the machine that it runs on.
 */

const keep = process.argv.includes('--keep');
const output = createOutput();
const site = createSite();
const container = createContainer(site, 'vm1');
const daemon = createDaemon(site, (directory) => {
  // The container of the demonstration lives in a directory of its own, not in /var/lib/lxc.
  const path = join(directory, 'vm1.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace('/var/lib/lxc', container.lxcPath));
});

function close(): void {
  container.stop();
  site.close();
}

process.on('exit', close);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

output.text('lxcnet: a throw-away host with a container, and a client on its LAN');
output.text('');
output.text('  client ─────────────── host ───────────── br0 ─────── vm1 (LXC, lighttpd)');
output.text('  192.168.254.2   192.168.254.19     10.10.20.1   10.10.20.10');

try {
  await startServers(site);
  const vm1 = join(daemon.manifests, 'vm1.yaml');
  const text = readFileSync(vm1, 'utf8');
  await demonstrate({ site, daemon, container, output });
  if (keep) {
    writeFileSync(vm1, text);
    daemon.cli('reconcile');
    output.title(
      'vm1.yaml is back, and everything stays up until Ctrl-C. To look around, in another terminal:',
    );
    const queries = ['get -A', 'describe link vm1', 'events'].map(
      (query) => `${daemon.command} ${query} --runtime-dir ${daemon.runtimeDir}`,
    );
    const commands = [
      ...queries,
      `ip netns exec ${site.host} nft list table inet lxcnet`,
      `ls ${daemon.manifests}`,
    ];
    commands.forEach((command) => output.text(`  ${command}`));
    await new Promise(() => setInterval(() => undefined, 60_000));
  }
  output.title('Down');
  const start = performance.now();
  container.stop();
  output.step('teardown', daemon.teardown().trim(), performance.now() - start);
  output.text(
    '\nNothing is left behind. The manifests are in manifests/quickstart; README.md says how to go on.',
  );
} catch (error) {
  output.failure('that did not work', error instanceof Error ? error.message : String(error));
  output.text(`\nThe end of the daemon's log:\n${daemon.log().split('\n').slice(-15).join('\n')}`);
  process.exitCode = 1;
} finally {
  close();
}
process.exit();
