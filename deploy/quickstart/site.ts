import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A throw-away host, and a client on its LAN, in network namespaces that are connected to nothing else. */
export interface Site {
  readonly host: string;
  readonly client: string;
  /** For everything that is written; removed with the site. */
  readonly directory: string;
  /** Runs a program to its end in a namespace. @throws {Error} With what it printed, where it fails. */
  run(namespace: string, argv: readonly string[], options?: { readonly mayFail?: boolean }): string;
  /** Starts a program in a namespace; it is ended with the site. */
  start(namespace: string, argv: readonly string[], output: 'pipe' | number): ChildProcess;
  /** Ends everything that was started and removes everything that was made. Does nothing the second time. */
  close(): void;
}

/** Makes the site:  client eth0 192.168.254.2 ── eth0 192.168.254.19 host. */
export function createSite(): Site {
  const prefix = `lxnq${process.pid}`;
  const [host, client] = [`${prefix}-host`, `${prefix}-client`];
  const directory = mkdtempSync(join(tmpdir(), `${prefix}-`));
  const children: ChildProcess[] = [];
  let closed = false;
  const site: Site = {
    host,
    client,
    directory,
    run(namespace, argv, { mayFail = false } = {}) {
      const done = spawnSync('ip', ['netns', 'exec', namespace, ...argv], { encoding: 'utf8' });
      if (done.status !== 0 && !mayFail) throw new Error(`${argv.join(' ')}: ${done.stdout}${done.stderr}`);
      return done.stdout;
    },
    start(namespace, argv, output) {
      const child = spawn('ip', ['netns', 'exec', namespace, ...argv], {
        stdio: ['ignore', output, output],
        detached: true,
      });
      children.push(child);
      return child;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const { pid } of children) if (pid !== undefined) endGroup(pid);
      for (const name of [host, client]) {
        const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
          .stdout.split('\n')
          .filter(Boolean);
        for (const pid of pids) end(Number(pid));
        spawnSync('ip', ['netns', 'delete', name]);
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    connect(host, client);
  } catch (error) {
    site.close();
    throw error;
  }
  return site;
}

function connect(host: string, client: string): void {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  for (const name of [host, client]) ip('netns', 'add', name);
  ip('link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client);
  const addresses = [
    [host, '192.168.254.19/24', 'fd00:254::19/64'],
    [client, '192.168.254.2/24', 'fd00:254::2/64'],
  ] as const;
  for (const [name, ipv4, ipv6] of addresses) {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'address', 'add', ipv4, 'dev', 'eth0');
    ip('-n', name, 'address', 'add', ipv6, 'dev', 'eth0', 'nodad');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

function endGroup(pid: number): void {
  end(-pid);
}
