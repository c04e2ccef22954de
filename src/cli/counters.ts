import { readFile } from 'node:fs/promises';
import { type Key, parseKey } from '../api/key.ts';
import type { Engine } from '../engine/engine.ts';
import type { KernelSession } from '../engine/session.ts';
import type { FlowDirection } from '../telemetry/kernel-counters.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SETS, type SetName } from '../netfilter/sets.ts';
import { LAYOUT } from '../netfilter/skeleton.ts';

const PERIOD = 5_000;

interface CounterParts {
  readonly kernel: KernelSession;
  readonly engine: Pick<Engine, 'lastPass'>;
  readonly metrics: Pick<Metrics, 'setCounter'>;
  readonly logger: Logger;
}

/** Reads the kernel's counters now and then, for the metrics. @returns what stops it. */
export function collectCounters(parts: CounterParts): () => void {
  let busy = false;
  const collect = (): void => {
    if (busy) return;
    busy = true;
    Promise.all([readElements(parts), readInterfaces(parts)])
      .catch((error: unknown) => parts.logger.warn('the counters could not be read', { error }))
      .finally(() => (busy = false));
  };
  const timer = setInterval(collect, PERIOD);
  return () => clearInterval(timer);
}

/** A container receives what its host end sends. */
async function readInterfaces({ engine, metrics }: CounterParts): Promise<void> {
  const text = await readFile('/proc/self/net/dev', 'utf8');
  const links = new Map(
    [...(engine.lastPass()?.observed.host.interfaces.values() ?? [])].map(({ name, alias }) => [name, alias]),
  );
  for (const line of text.split('\n')) {
    const [name = '', rest = ''] = line.split(':').map((part) => part.trim());
    const alias = links.get(name);
    if (!alias?.startsWith('lxcnet:Link/')) continue;
    const { namespace, name: link } = parseKey(alias.slice('lxcnet:'.length));
    const columns = rest.split(/\s+/).map(Number);
    metrics.setCounter('lxcnet_link_transmit_bytes_total', { namespace, link }, columns[0]!);
    metrics.setCounter('lxcnet_link_transmit_packets_total', { namespace, link }, columns[1]!);
    metrics.setCounter('lxcnet_link_receive_bytes_total', { namespace, link }, columns[8]!);
    metrics.setCounter('lxcnet_link_receive_packets_total', { namespace, link }, columns[9]!);
  }
}

/** What a counting element counts, and for whom. */
interface Sum {
  readonly owner: Key;
  readonly what: 'forward' | 'spoofed' | `${'allowed' | 'denied'} ${FlowDirection}`;
  packets: number;
}

async function readElements({ kernel, engine, metrics }: CounterParts): Promise<void> {
  const pass = engine.lastPass();
  if (pass?.observed.netfilter.skeleton !== 'present') return;
  const { desired } = pass.plan.netfilter;
  const { packets } = await kernel.nft.list(LAYOUT);
  const outgoing = new Set(
    (['egress4', 'egress6'] as const).flatMap((set) =>
      [...desired.get(set)!.values()].map(({ value }) => value),
    ),
  );
  const sums = new Map<string, Sum>();
  for (const [set, elements] of desired) {
    for (const { key, owner } of elements.values()) {
      const what = meaningOf(set, owner, outgoing.has(key.split(' ', 1)[0]!));
      if (what === undefined) continue;
      const sum = sums.get(`${what} ${owner}`) ?? { owner, what, packets: 0 };
      sum.packets += packets.get(set)?.get(key) ?? 0;
      sums.set(`${what} ${owner}`, sum);
    }
  }
  for (const sum of sums.values()) report(metrics, sum);
}

function meaningOf(set: SetName, owner: Key, outgoing: boolean): Sum['what'] | undefined {
  if (set.startsWith('denied_egress')) return 'denied egress';
  if (set.startsWith('denied_ingress')) return 'denied ingress';
  if (set.startsWith('dnat_')) return 'forward';
  if (set === 'spoofed') return 'spoofed';
  if (SETS[set].counter && owner.startsWith('NetworkPolicy/'))
    return outgoing ? 'allowed egress' : 'allowed ingress';
  return undefined;
}

function report(metrics: CounterParts['metrics'], { owner, what, packets }: Sum): void {
  const { namespace, name } = parseKey(owner);
  if (what === 'forward')
    metrics.setCounter('lxcnet_port_forward_connections_total', { namespace, name }, packets);
  else if (what === 'spoofed')
    metrics.setCounter('lxcnet_spoofed_packets_total', { namespace, link: name }, packets);
  else {
    const [verdict, direction] = what.split(' ') as ['allowed' | 'denied', FlowDirection];
    if (verdict === 'denied')
      metrics.setCounter('lxcnet_policy_denied_packets_total', { namespace, link: name, direction }, packets);
    else
      metrics.setCounter(
        'lxcnet_policy_allowed_packets_total',
        { namespace, policy: name, direction },
        packets,
      );
  }
}
