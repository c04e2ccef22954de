import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Parts, PREFIX, endProcess, removeSite } from './removal.ts';

const execute = promisify(execFile);

/** A throw-away host, and a client on its LAN, in network namespaces that are connected to nothing else. */
export interface Site extends Parts {
  /** Runs a program to its end in a namespace. @returns What it printed. @throws {Error} With what it printed, where it fails. */
  run(namespace: string, argv: readonly string[]): Promise<string>;
  /** Starts a program in a namespace; it is ended with the site. */
  start(namespace: string, argv: readonly string[], output: 'pipe' | number): ChildProcess;
  /** Ends everything that was started and removes everything that was made. Does nothing the second time. */
  close(): void;
}

/** Whether a program has ended, by itself or by a signal. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Makes the site:  client eth0 192.168.254.2 ── eth0 192.168.254.19 host. */
export function createSite(): Site {
  const prefix = `${PREFIX}${process.pid}`;
  const [host, client] = [`${prefix}-host`, `${prefix}-client`];
  const directory = mkdtempSync(join(tmpdir(), `${prefix}-`));
  const children: ChildProcess[] = [];
  let closed = false;
  const site: Site = {
    host,
    client,
    directory,
    async run(namespace, argv) {
      try {
        const { stdout } = await execute('ip', ['netns', 'exec', namespace, ...argv]);
        return stdout;
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        throw new Error(`${argv.join(' ')}: ${stdout}${stderr}`.trimEnd(), { cause: error });
      }
    },
    start(namespace, argv, output) {
      const child = spawn('ip', ['netns', 'exec', namespace, ...argv], {
        stdio: ['ignore', output, output],
        // Ctrl-C in the terminal is for the quickstart alone, which ends the others in their order.
        detached: true,
      });
      children.push(child);
      return child;
    },
    close() {
      if (closed) return;
      closed = true;
      try {
        removeSite(site);
      } finally {
        for (const child of children) if (child.pid !== undefined && !hasEnded(child)) endProcess(-child.pid);
      }
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
