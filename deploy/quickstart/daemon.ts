import { cpSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from './site.ts';

const PROJECT = join(import.meta.dirname, '../..');
export const NODE = join(PROJECT, 'node_modules/.bin/node');
const PROGRAM = join(PROJECT, 'dist/src/main.js');

/** The daemon on the throw-away host, and its command line. */
export interface Daemon {
  readonly manifests: string;
  readonly runtimeDir: string;
  /** The command, as a user would type it on this host. */
  readonly command: string;
  start(): Promise<void>;
  cli(...args: readonly string[]): string;
  teardown(): string;
  log(): string;
}

/** Prepares the daemon on a copy of the example manifests, which the demonstration changes. */
export function createDaemon(site: Site, edit: (directory: string) => void): Daemon {
  const manifests = join(site.directory, 'lxcnet.d');
  const stateDir = join(site.directory, 'state');
  const runtimeDir = join(site.directory, 'run');
  const logFile = join(site.directory, 'daemon.log');
  cpSync(join(PROJECT, 'manifests/quickstart'), manifests, { recursive: true });
  edit(manifests);
  mkdirSync(runtimeDir);
  return {
    manifests,
    runtimeDir,
    command: `ip netns exec ${site.host} ${NODE} ${PROGRAM}`,
    async start() {
      const log = openSync(logFile, 'a');
      const directories = ['--manifests', manifests, '--state-dir', stateDir, '--runtime-dir', runtimeDir];
      const child = site.start(site.host, [NODE, PROGRAM, 'run', ...directories], log);
      await ready(logFile, () => child.exitCode);
    },
    cli: (...args) => site.run(site.host, [NODE, PROGRAM, ...args, '--runtime-dir', runtimeDir]),
    teardown: () => site.run(site.host, [NODE, PROGRAM, 'teardown', '--state-dir', stateDir]),
    log: () => readFileSync(logFile, 'utf8'),
  };
}

async function ready(logFile: string, exitCode: () => number | null): Promise<void> {
  while (!readFileSync(logFile, 'utf8').includes('read the manifests')) {
    if (exitCode() !== null) throw new Error(`the daemon ended: ${readFileSync(logFile, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
