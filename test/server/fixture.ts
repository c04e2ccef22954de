import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Key, Kind } from '../../src/api/key.ts';
import { KIND_INFO } from '../../src/api/kind.ts';
import { type Manifest, SCHEMAS, resourceKey } from '../../src/api/resource.ts';
import type { ConditionDraft } from '../../src/api/status.ts';
import { type DaemonClient, createClient } from '../../src/cli/client.ts';
import type { CommandIo } from '../../src/cli/io.ts';
import { EventLog } from '../../src/engine/event-log.ts';
import { ObjectStore } from '../../src/engine/object-store.ts';
import type { EngineActions, TrialActions, HealthCheck, ReconcileOptions } from '../../src/engine/ports.ts';
import { type ApiServer, createApiServer } from '../../src/server/api-server.ts';
import { createLogger } from '../../src/telemetry/log.ts';

interface ManifestInput {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

const SPECS: Readonly<Record<Kind, object | undefined>> = {
  Namespace: undefined,
  Bridge: { addresses: ['10.10.20.1/24'] },
  Link: { bridge: 'br0', container: { netns: 'vm1' }, addresses: ['10.10.20.10/24'] },
  Route: { to: '10.30.0.0/16', via: '10.10.20.20' },
  PortForward: { ports: [{ port: 80 }], link: { name: 'vm1' } },
  NetworkPolicy: { podSelector: { matchLabels: { app: 'web' } } },
};

/** A valid manifest of any kind. */
function manifest(input: ManifestInput): Manifest {
  const { kind, name, namespace, labels, annotations, spec = SPECS[kind] } = input;
  const resource = SCHEMAS[kind].parse({
    apiVersion: KIND_INFO[kind].apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels, annotations },
    ...(spec === undefined ? {} : { spec }),
  });
  return { key: resourceKey(resource), resource, origin: { file: 'test.yaml', line: 1, column: 1 } };
}

/** Manifests as the store takes them. */
export function manifests(...inputs: readonly ManifestInput[]): ReadonlyMap<Key, Manifest> {
  return new Map(inputs.map(manifest).map((one) => [one.key, one]));
}

/** The `Ready` condition. */
export function ready(
  status: 'True' | 'False' = 'True',
  reason = 'ReconciliationSucceeded',
  message = '',
): ConditionDraft {
  return { type: 'Ready', status, reason, message };
}

/** What a command printed. */
export class CapturedIo implements CommandIo {
  readonly out: string[] = [];
  readonly err: string[] = [];
  #waiting: (() => void)[] = [];

  stdout(line: string): void {
    this.out.push(line);
    this.#wake();
  }

  stderr(line: string): void {
    this.err.push(line);
    this.#wake();
  }

  /** Resolves once what was printed fulfils this. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    this.#waiting.splice(0).forEach((resolve) => resolve());
  }
}

export interface TestDaemon {
  readonly objects: ObjectStore;
  readonly events: EventLog;
  readonly server: ApiServer;
  readonly client: DaemonClient;
  readonly socketPath: string;
  readonly reconciles: ReconcileOptions[];
  /** What hooks of LXC's have told. */
  readonly hooks: object[];
  readonly checks: HealthCheck[];
  close(): Promise<void>;
}

export const NOW = new Date('2026-11-24T12:00:00Z');

/** A real API server on a real unix socket, in front of a real store. */
export async function startDaemon(): Promise<TestDaemon> {
  const directory = await mkdtemp(join(tmpdir(), 'lxcnet-api-'));
  const socketPath = join(directory, 'lxcnet.sock');
  const objects = new ObjectStore({ now: () => NOW });
  const events = new EventLog({ now: () => NOW, uidOf: (key) => objects.get(key)?.metadata.uid });
  const reconciles: ReconcileOptions[] = [];
  const checks: HealthCheck[] = [];
  const hooks: object[] = [];
  const actions: EngineActions = {
    reconcile(options) {
      reconciles.push(options);
      return Promise.resolve({
        resources: 3,
        ready: 2,
        writes: 1,
        milliseconds: 12.4,
        heldBack: false,
        notes: ['one orphan'],
      });
    },
    kernelFacts: (key) => Promise.resolve([`facts of ${key}`]),
    lxc: {
      beforeStart: ({ name, path }) =>
        Promise.resolve({ verdict: 'wait', reason: `${name} in ${path} has no filter` }),
      started(container, process) {
        hooks.push({ ...container, ...process });
        return Promise.resolve({ verdict: 'go' });
      },
      stopped: (container) => void hooks.push(container),
    },
  };
  const trials: TrialActions = {
    begin: (milliseconds) => Promise.resolve(milliseconds > 60_000 ? { refusal: 'busy' } : { id: 'one' }),
    end: (keep) => Promise.resolve(keep ? undefined : 'nothing is on trial'),
  };
  const logger = createLogger({ json: true, sink: { write: () => undefined } });
  const server = createApiServer({
    objects,
    events,
    actions,
    trials,
    checks,
    logger,
    version: '0.1.0',
    manifests: '/etc/lxcnet.d',
    now: () => NOW,
  });
  await server.listenSocket(socketPath);
  return {
    objects,
    events,
    server,
    client: createClient(socketPath),
    socketPath,
    reconciles,
    hooks,
    checks,
    async close() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Marks every object Ready. */
export function makeAllReady(objects: ObjectStore): void {
  for (const { kind, metadata } of objects.list()) {
    if (kind === 'Namespace') continue;
    const path = [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined);
    objects.setConditions(path.join('/') as Key, [ready()]);
  }
}

/** Resolves once so many watches of resources are being served. */
export async function watched({ objects }: TestDaemon, count = 1): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const original = objects.changesSince.bind(objects);
  let served = 0;
  objects.changesSince = (version) => {
    if (++served === count) resolve(undefined);
    return original(version);
  };
  await promise;
}
