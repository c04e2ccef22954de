import { readFile } from 'node:fs/promises';
import { type Key, parseKey } from '../api/key.ts';
import type { Engine } from '../engine/engine.ts';
import type { SavedCounters } from '../engine/saved-counters.ts';
import type { KernelSession } from '../engine/session.ts';
import type { FlowDirection } from '../telemetry/kernel-counters.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SETS, type SetName } from '../netfilter/sets.ts';

/** Listing thousands of elements takes a while, so nobody makes lxcnet do it more often. Milliseconds. */
const FRESH = 1_000;
/** A reading and what it has counted are saved together, so a crash costs nothing that the kernel still counts. */
const SAVE_PERIOD = 300_000;

interface CounterParts {
  readonly kernel: KernelSession;
  readonly engine: Pick<Engine, 'lastPass'>;
  readonly metrics: Pick<Metrics, 'count' | 'endReading'>;
  readonly saved: SavedCounters;
  readonly logger: Logger;
}

/** Reads the kernel's counters for the metrics: when somebody asks, and now and then, to save them. */
export class CounterReader {
  readonly #parts: CounterParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #readAt = -Infinity;

  constructor(parts: CounterParts) {
    this.#parts = parts;
  }

  /** Begins to read and save now and then. */
  start(): void {
    this.#timer = setInterval(() => void this.refresh().then(() => this.#save()), SAVE_PERIOD);
  }

  /** Reads, unless that was done a moment ago. Never throws. */
  refresh(): Promise<void> {
    if (performance.now() - this.#readAt < FRESH) return Promise.resolve();
    this.#running ??= this.#read().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Reads and saves a last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.refresh();
    await this.#save();
  }

  async #read(): Promise<void> {
    const { metrics, logger } = this.#parts;
    try {
      await Promise.all([readElements(this.#parts), readInterfaces(this.#parts)]);
      metrics.endReading();
      this.#readAt = performance.now();
    } catch (error) {
      logger.warn('the counters could not be read', { error });
    }
  }

  async #save(): Promise<void> {
    const { saved, logger } = this.#parts;
    await saved.save().catch((error: unknown) => logger.error('the counters could not be saved', { error }));
  }
}

/** Where /proc/net/dev tells of a host end what its container sent and received: it receives what the host end sends. */
const COLUMNS = [
  ['lxcnet_link_transmit_bytes_total', 0],
  ['lxcnet_link_transmit_packets_total', 1],
  ['lxcnet_link_receive_bytes_total', 8],
  ['lxcnet_link_receive_packets_total', 9],
] as const;

async function readInterfaces({ engine, metrics }: CounterParts): Promise<void> {
  const text = await readFile('/proc/self/net/dev', 'utf8');
  const links = new Map(
    [...(engine.lastPass()?.observed.host.interfaces.values() ?? [])].map((device) => [device.name, device]),
  );
  for (const line of text.split('\n')) {
    const [port = '', rest = ''] = line.split(':').map((part) => part.trim());
    const device = links.get(port);
    if (!device?.alias.startsWith('lxcnet:Link/')) continue;
    const { namespace, name: link } = parseKey(device.alias.slice('lxcnet:'.length));
    const columns = rest.split(/\s+/).map(Number);
    for (const [name, column] of COLUMNS)
      metrics.count(name, { namespace, link }, `interface ${device.index} ${column}`, columns[column]!);
  }
}

/** What a counting element counts. */
type Meaning = 'forward' | 'spoofed' | `${'allowed' | 'denied' | 'throttled'} ${FlowDirection}`;

async function readElements({ kernel, engine, metrics }: CounterParts): Promise<void> {
  const pass = engine.lastPass();
  if (pass?.observed.netfilter.skeleton !== 'present') return;
  const { desired } = pass.plan.netfilter;
  const { packets } = await kernel.nft.list(kernel.features.layout);
  const outgoing = new Set(
    (['egress4', 'egress6'] as const).flatMap((set) =>
      [...desired.get(set)!.values()].map(({ value }) => value),
    ),
  );
  for (const [set, elements] of desired) {
    for (const { key, owner } of elements.values()) {
      const what = meaningOf(set, owner, outgoing.has(key.split(' ', 1)[0]!));
      if (what !== undefined) report(metrics, owner, what, `${set} ${key}`, packets.get(set)?.get(key) ?? 0);
    }
  }
}

function meaningOf(set: SetName, owner: Key, outgoing: boolean): Meaning | undefined {
  if (set.startsWith('denied_egress')) return 'denied egress';
  if (set.startsWith('denied_ingress')) return 'denied ingress';
  if (set === 'throttled_egress') return 'throttled egress';
  if (set === 'throttled_ingress') return 'throttled ingress';
  if (set.startsWith('dnat_')) return 'forward';
  if (set === 'spoofed') return 'spoofed';
  if (SETS[set].counter && owner.startsWith('NetworkPolicy/'))
    return outgoing ? 'allowed egress' : 'allowed ingress';
  return undefined;
}

const DROPPED = {
  denied: 'lxcnet_policy_denied_packets_total',
  throttled: 'lxcnet_bandwidth_dropped_packets_total',
} as const;

function report(
  metrics: CounterParts['metrics'],
  owner: Key,
  what: Meaning,
  source: string,
  packets: number,
): void {
  const { namespace, name } = parseKey(owner);
  if (what === 'forward') {
    metrics.count('lxcnet_port_forward_connections_total', { namespace, name }, source, packets);
  } else if (what === 'spoofed') {
    metrics.count('lxcnet_spoofed_packets_total', { namespace, link: name }, source, packets);
  } else {
    const [verdict, direction] = what.split(' ') as ['allowed' | keyof typeof DROPPED, FlowDirection];
    if (verdict === 'allowed') {
      const labels = { namespace, policy: name, direction };
      metrics.count('lxcnet_policy_allowed_packets_total', labels, source, packets);
    } else {
      metrics.count(DROPPED[verdict], { namespace, link: name, direction }, source, packets);
    }
  }
}
