import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lxcPathOf } from './removal.ts';
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
  stop(): Promise<void>;
  /** The process id of its init, as the host sees it. */
  pid(): Promise<number>;
  /** What LXC and the web server have printed. */
  log(): string;
}

/** Prepares the container; LXC gives it a network namespace with nothing in it (`type = empty`). */
export function createContainer(site: Site, name: string): Container {
  const lxcPath = lxcPathOf(site.directory);
  const root = join(lxcPath, name, 'rootfs');
  const logFile = join(site.directory, `${name}.log`);
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
      const server = ['/usr/sbin/lighttpd', '-D', '-f', '/etc/lighttpd.conf'];
      site.start(site.host, command('lxc-execute', '--', ...server), openSync(logFile, 'a'));
    },
    async stop() {
      await site.run(site.host, command('lxc-stop', '--kill'));
    },
    pid: async () => Number(await site.run(site.host, command('lxc-info', '-p', '-H'))),
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
  };
}

const WEB_SERVER = `server.document-root = "/srv/www"
server.upload-dirs = ("/tmp")
server.port = 80
index-file.names = ("index.html")
$SERVER["socket"] == "[::]:80" { server.use-ipv6 = "enable" }
`;
