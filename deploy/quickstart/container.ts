import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from './site.ts';

/** The host's directories that an application container sees, read-only, as in the old how-to. */
const SHARED = ['lib', 'bin', 'usr', 'sbin', 'lib64'];
const OWN = ['proc', 'sys', 'dev', 'etc', 'run', 'tmp', 'var/tmp', 'var/log', 'srv/www'];

export const PAGE = '<h1>Hello from vm1</h1>\n';

/** A real LXC application container: lighttpd, started by lxc-execute. */
export interface Container {
  readonly name: string;
  readonly lxcPath: string;
  start(): void;
  stop(): void;
  /** The process id of its init, as the host sees it. */
  pid(): number;
}

/** Prepares the container; LXC gives it a network namespace with nothing in it (`type = empty`). */
export function createContainer(site: Site, name: string): Container {
  const lxcPath = join(site.directory, 'lxc');
  const root = join(lxcPath, name, 'rootfs');
  for (const directory of [...SHARED, ...OWN]) mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'srv/www/index.html'), PAGE);
  writeFileSync(join(root, 'etc/lighttpd.conf'), WEB_SERVER);
  const configuration = [
    `lxc.uts.name = ${name}`,
    'lxc.net.0.type = empty',
    `lxc.rootfs.path = dir:${root}`,
    ...SHARED.map((directory) => `lxc.mount.entry = /${directory} ${directory} none ro,bind,optional 0 0`),
    'lxc.mount.auto = proc sys:ro',
    'lxc.apparmor.profile = unconfined',
  ];
  writeFileSync(join(lxcPath, name, 'config'), `${configuration.join('\n')}\n`);
  const command = (program: string, ...args: readonly string[]): readonly string[] => [
    program,
    '-P',
    lxcPath,
    '-n',
    name,
    ...args,
  ];
  return {
    name,
    lxcPath,
    start() {
      site.start(
        site.host,
        command('lxc-execute', '--', '/usr/sbin/lighttpd', '-D', '-f', '/etc/lighttpd.conf'),
        'pipe',
      );
    },
    stop() {
      site.run(site.host, command('lxc-stop', '-k'), { mayFail: true });
    },
    pid: () => Number(site.run(site.host, command('lxc-info', '-p', '-H'))),
  };
}

const WEB_SERVER = `server.document-root = "/srv/www"
server.upload-dirs = ("/tmp")
server.port = 80
index-file.names = ("index.html")
$SERVER["socket"] == "[::]:80" { server.use-ipv6 = "enable" }
`;
