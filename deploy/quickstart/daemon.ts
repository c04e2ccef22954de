import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Site, hasEnded } from './site.ts';

const PROJECT = join(import.meta.dirname, '../..');
export const NODE = join(PROJECT, 'node_modules/.bin/node');
const PROGRAM = join(PROJECT, 'dist/src/main.js');
const LONGEST_START = 20_000;

/** The daemon on the throw-away host, and its command line. */
export interface Daemon {
  readonly manifests: string;
  readonly runtimeDir: string;
  /** The command, as a user would type it on this host. */
  readonly command: string;
  /** Starts it, and waits until it is ready. @throws {Error} When it ends, or takes too long. */
  start(): Promise<void>;
  stop(): Promise<void>;
  cli(...args: readonly string[]): Promise<string>;
  teardown(): Promise<string>;
  log(): string;
}

/** Prepares the daemon on a copy of the example manifests, which the demonstration changes. */
export function createDaemon(site: Site, edit: (directory: string) => void): Daemon {
  const manifests = join(site.directory, 'lxcnet.d');
  const stateDir = join(site.directory, 'state');
  const runtimeDir = join(site.directory, 'run');
  const logFile = join(site.directory, 'daemon.log');
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  let child: ChildProcess | undefined;
  cpSync(join(PROJECT, 'manifests/quickstart'), manifests, { recursive: true });
  edit(manifests);
  mkdirSync(runtimeDir);
  return {
    manifests,
    runtimeDir,
    command: `ip netns exec ${site.host} ${NODE} ${PROGRAM}`,
    async start() {
      const directories = ['--manifests', manifests, '--state-dir', stateDir, '--runtime-dir', runtimeDir];
      child = site.start(site.host, [NODE, PROGRAM, 'run', ...directories], openSync(logFile, 'a'));
      const deadline = performance.now() + LONGEST_START;
      while (!(await isReady(join(runtimeDir, 'lxcnet.sock')))) {
        if (hasEnded(child)) throw new Error('the daemon ended');
        if (performance.now() > deadline) throw new Error('the daemon did not become ready');
        await delay(5);
      }
    },
    async stop() {
      if (child === undefined || hasEnded(child)) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
    cli: (...args) => site.run(site.host, [NODE, PROGRAM, ...args, '--runtime-dir', runtimeDir]),
    teardown: () => site.run(site.host, [NODE, PROGRAM, 'teardown', '--state-dir', stateDir]),
    log,
  };
}

/** Asks /readyz of the local API. */
function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    get({ socketPath, path: '/readyz', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
