import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findKind } from '../../src/api/kind.ts';
import { KINDS, keyOf } from '../../src/api/key.ts';
import type { ApiObject } from '../../src/api/object.ts';
import type { Condition } from '../../src/api/status.ts';
import { type DaemonClient, createClient } from '../../src/cli/client.ts';
import { connect } from './lab-network.ts';
import { NetNs, PREFIX, type Page, type Ran, labNamespaces, removeNamespace } from './netns.ts';

const PROJECT = join(import.meta.dirname, '../..');
export const NODE = join(PROJECT, 'node_modules/.bin/node');
export const PROGRAM = join(PROJECT, 'dist/src/main.js');
/** As it is installed. */
export const LAUNCHER = join(PROJECT, 'deploy/lxcnet');

let made = 0;

/**
 * A host with a LAN client and containers, in namespaces that are connected to nothing else, and the daemon on it.
 *
 *     client eth0 192.168.254.2 ── eth0 192.168.254.19 host       containers: loopback, and what the daemon makes
 *
 * `await using lab = new Lab()` removes it all, also when a test fails; an interrupted run is swept up by the next.
 */
export class Lab implements AsyncDisposable {
  readonly prefix = `${PREFIX}${process.pid}x${made++}-`;
  readonly directory = mkdtempSync(join(tmpdir(), this.prefix));
  readonly manifests = join(this.directory, 'manifests');
  readonly logFile = join(this.directory, 'daemon.log');
  readonly host: NetNs;
  readonly client: NetNs;
  readonly #containers: NetNs[] = [];
  readonly #around: (lab: Lab) => readonly string[];
  readonly #socket = join(this.directory, 'run/lxcnet.sock');
  readonly #client: DaemonClient;
  #daemon: ChildProcess | undefined;

  /** @param around A command that runs the daemon as its last arguments. */
  constructor(around: (lab: Lab) => readonly string[] = () => []) {
    this.#around = around;
    this.#client = createClient(this.#socket);
    // dnsmasq reads what is below with the rights of another user.
    chmodSync(this.directory, 0o711);
    mkdirSync(this.manifests);
    this.host = this.#namespace('host');
    this.client = this.#namespace('client');
    connect(this.host, this.client);
  }

  /** A namespace with loopback and nothing else; its name goes into a manifest. */
  container(short: string): NetNs {
    const netns = this.#namespace(short);
    this.#containers.push(netns);
    return netns;
  }

  /** Every namespace of this lab. */
  namespaces(): readonly NetNs[] {
    return [this.host, this.client, ...this.#containers];
  }

  #namespace(short: string): NetNs {
    return new NetNs(this.prefix + short, short);
  }

  /** Writes a manifest as git and editors do: aside, then renamed over. Objects become YAML documents of JSON. */
  write(file: string, ...documents: readonly (string | object)[]): void {
    const text = documents
      .map((document) => (typeof document === 'string' ? document : JSON.stringify(document, null, 1)))
      .join('\n---\n');
    const temporary = join(this.manifests, `.${file}.new`);
    writeFileSync(temporary, `${text}\n`);
    renameSync(temporary, join(this.manifests, file));
  }

  remove(file: string): void {
    rmSync(join(this.manifests, file));
  }

  /**
   * Starts `lxcnet run`, and waits until /readyz says 200.
   *
   * @param prelude Shell commands that are carried out before, in a mount namespace that only the daemon shares.
   * @param isStarted What /readyz is to say instead, where the daemon cannot be ready.
   */
  async start(prelude?: string, isStarted = ({ status }: Page): boolean => status === 200): Promise<void> {
    const log = openSync(this.logFile, 'a');
    const directories = [
      '--manifests',
      this.manifests,
      '--state-dir',
      join(this.directory, 'state'),
      '--runtime-dir',
      join(this.directory, 'run'),
    ];
    const inside =
      prelude === undefined
        ? []
        : [
            'unshare',
            '-m',
            'sh',
            '-ec',
            `${prelude}
exec "$@"`,
            'sh',
          ];
    const program = [...inside, ...this.#around(this), NODE, PROGRAM, 'run', ...directories];
    const daemon = spawn('ip', ['netns', 'exec', this.host.name, ...program], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#daemon = daemon;
    // A machine that is busy with other tests starts it slowly; what the contract says about time is tested elsewhere.
    await this.eventually(
      'the daemon is ready',
      async () => {
        if (daemon.exitCode !== null) throw new Error(`the daemon ended: ${this.log()}`);
        return isStarted(await this.#readyz());
      },
      30_000,
    );
  }

  /** By the daemon's socket, which needs no agent in the namespace. */
  #readyz(): Promise<Page> {
    return new Promise((resolve) => {
      const asked = get({ socketPath: this.#socket, path: '/readyz?verbose', timeout: 5_000 }, (response) => {
        const status = response.statusCode ?? 0;
        void text(response).then((body) => resolve({ status, body }));
      });
      asked.on('timeout', () => asked.destroy());
      asked.on('error', () => resolve({ status: 0, body: '' }));
    });
  }

  /** SIGTERM, or SIGKILL; the network is to stay as it is. @returns the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const daemon = this.#daemon;
    if (!daemon) return null;
    if (daemon.exitCode !== null || daemon.signalCode !== null) return daemon.exitCode;
    const ended = new Promise<number | null>((resolve) => daemon.on('exit', resolve));
    daemon.kill(signal);
    return ended;
  }

  /** Runs `lxcnet run` to its end, with these directories instead of the lab's own. */
  second(stateDir: string, runtimeDir: string): Ran {
    const argv = [NODE, PROGRAM, 'run', '--manifests', this.manifests, '--metrics-address', '127.0.0.1:9470'];
    return this.host.run([...argv, '--state-dir', stateDir, '--runtime-dir', runtimeDir]);
  }

  /** The daemon's process id. */
  get pid(): number {
    return this.#daemon!.pid!;
  }

  /** Sends the daemon a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal);
  }

  /** Starts a program on the host that goes on until it is ended, at the latest with the lab. */
  follow(argv: readonly string[], input = ''): ChildProcess {
    const program = spawn('ip', ['netns', 'exec', this.host.name, ...argv], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    program.stdin.write(input);
    return program;
  }

  /** Runs a subcommand on the host. */
  cli(...args: readonly string[]): Ran {
    const oneShot = ['apply', 'diff', 'teardown'].includes(args[0] ?? '');
    const directories = [
      '--runtime-dir',
      join(this.directory, 'run'),
      ...(oneShot ? ['--state-dir', join(this.directory, 'state')] : []),
    ];
    return this.host.run([
      NODE,
      PROGRAM,
      ...args,
      ...(['validate', 'import', 'lxc-config'].includes(args[0] ?? '') ? [] : directories),
    ]);
  }

  /** Waits until everything is Ready. @throws {Error} With what is not, and why. */
  async ready(): Promise<void> {
    await this.#client.reconcile({ allowPrune: false, pruneOrphans: false });
    const unready = async (): Promise<string[]> => {
      const lists = await Promise.all(KINDS.map((kind) => this.#client.list(kind)));
      return lists
        .flatMap(({ items }) => items)
        .flatMap(({ kind, metadata: { name, generation }, status }) => {
          const {
            status: now,
            observedGeneration,
            message,
          } = status.conditions.find(({ type }) => type === 'Ready') ?? {};
          const isReady = kind === 'Namespace' || (now === 'True' && observedGeneration === generation);
          return isReady ? [] : [`${kind}/${name}: ${message}`];
        });
    };
    const end = performance.now() + 45_000;
    for (let waiting = await unready(); waiting.length > 0; waiting = await unready()) {
      if (performance.now() > end) throw new Error(`not ready: ${waiting.join('; ')}\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** One resource as the daemon sees it; `undefined` where it does not know it. */
  get(kind: string, name: string): Promise<ApiObject | undefined> {
    return this.#client.get(keyOf(findKind(kind)!.kind, 'default', name));
  }

  /** A condition of a resource. */
  async condition(
    kind: string,
    name: string,
    type: Condition['type'] = 'Ready',
  ): Promise<Condition | undefined> {
    return (await this.get(kind, name))?.status.conditions.find((condition) => condition.type === type);
  }

  /** Status and body of a GET from the metrics port. */
  async http(path: string): Promise<string> {
    const { status, body } = await this.host.get(9469, path);
    return `${status} ${body}`;
  }

  /** Calls the check until it returns something true. @throws {Error} After five seconds, or as many milliseconds. */
  async eventually<T>(what: string, check: () => T | Promise<T>, within = 45_000): Promise<T> {
    const end = performance.now() + within;
    for (;;) {
      const result = await check();
      if (result) return result;
      if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  log(): string {
    if (!existsSync(this.logFile)) return '';
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-25).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    for (const netns of this.namespaces()) netns.close();
    for (const name of labNamespaces(process.pid)) if (name.startsWith(this.prefix)) removeNamespace(name);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
