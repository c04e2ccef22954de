import { type Key, keyOf } from '../api/key.ts';
import type { Counter, Instruments } from './instruments.ts';

/** The labels of each counter that is read from the kernel. */
interface KernelCounterLabels {
  readonly lxcnet_link_receive_bytes_total: LinkLabels;
  readonly lxcnet_link_receive_packets_total: LinkLabels;
  readonly lxcnet_link_transmit_bytes_total: LinkLabels;
  readonly lxcnet_link_transmit_packets_total: LinkLabels;
  readonly lxcnet_policy_allowed_packets_total: {
    readonly namespace: string;
    readonly policy: string;
    readonly direction: FlowDirection;
  };
  readonly lxcnet_policy_denied_packets_total: LinkLabels & { readonly direction: FlowDirection };
  readonly lxcnet_port_forward_connections_total: { readonly namespace: string; readonly name: string };
  readonly lxcnet_spoofed_packets_total: LinkLabels;
  readonly lxcnet_bandwidth_dropped_packets_total: LinkLabels & { readonly direction: FlowDirection };
}
type KernelCounterName = keyof KernelCounterLabels;

interface LinkLabels {
  readonly namespace: string;
  readonly link: string;
}

/** As a container sees it. */
export type FlowDirection = 'ingress' | 'egress';

type AnyLabels = Readonly<Record<string, string>>;

interface Family {
  readonly help: string;
  readonly labels: readonly string[];
  /** The object that a series goes with. */
  readonly owner: (labels: AnyLabels) => Key;
}

/**
 * Counters of the kernel, exported so that they only grow, whatever happens to what counts in the kernel: a reading goes
 * source by source, and what each has counted since the last reading is added. A source whose value is less than before
 * began anew.
 */
export interface KernelCounters {
  /** Tells the present value of one of the kernel's counters, and the series that it adds to. */
  count<N extends KernelCounterName>(
    name: N,
    labels: KernelCounterLabels[N],
    source: string,
    value: number,
  ): void;
  /** Ends a reading: sources that it did not mention are gone, and would begin anew. */
  endReading(): void;
  /** Everything that has to outlive the daemon. */
  savedCounters(): SavedCounters;
  /** Takes back what was saved. Series come back with their first value. @param sameBoot Whether the kernel is the same. */
  restoreCounters(saved: SavedCounters, sameBoot: boolean): void;
  forget(key: Key): void;
}

/** Sources with their last values, and series (name and labels as JSON) with what they have counted. */
export interface SavedCounters {
  readonly sources: Readonly<Record<string, number>>;
  readonly series: Readonly<Record<string, number>>;
}

const ofLink = (help: string, ...more: readonly string[]): Family => ({
  help,
  labels: ['namespace', 'link', ...more],
  owner: ({ namespace, link }) => keyOf('Link', namespace!, link!),
});

const FAMILIES: Readonly<Record<KernelCounterName, Family>> = {
  lxcnet_link_receive_bytes_total: ofLink('Bytes that the container received.'),
  lxcnet_link_receive_packets_total: ofLink('Packets that the container received.'),
  lxcnet_link_transmit_bytes_total: ofLink('Bytes that the container sent.'),
  lxcnet_link_transmit_packets_total: ofLink('Packets that the container sent.'),
  lxcnet_policy_allowed_packets_total: {
    help: 'Packets that opened a flow which the policy allows.',
    labels: ['namespace', 'policy', 'direction'],
    owner: ({ namespace, policy }) => keyOf('NetworkPolicy', namespace!, policy!),
  },
  lxcnet_policy_denied_packets_total: ofLink('Packets that no policy allows.', 'direction'),
  lxcnet_port_forward_connections_total: {
    help: 'Connections that were forwarded.',
    labels: ['namespace', 'name'],
    owner: ({ namespace, name }) => keyOf('PortForward', namespace!, name!),
  },
  lxcnet_spoofed_packets_total: ofLink("Packets dropped because their source is not the link's."),
  lxcnet_bandwidth_dropped_packets_total: ofLink(
    "Packets dropped because they go over the link's bandwidth.",
    'direction',
  ),
};

interface Series {
  readonly counter: Counter<string>;
  readonly labels: AnyLabels;
  total: number;
}

/** Makes the counters that are read from the kernel. */
export function createKernelCounters(instruments: Instruments): KernelCounters {
  const counters = new Map(
    Object.entries(FAMILIES).map(([name, { help, labels }]) => [
      name,
      instruments.counter(name, help, labels),
    ]),
  );
  const seriesOf = new Map<Key, Map<string, Series>>();
  let before = new Map<string, number>();
  let now = new Map<string, number>();
  const remembered = new Map<string, number>();

  const add = (name: KernelCounterName, labels: AnyLabels, by: number): void => {
    const owner = FAMILIES[name].owner(labels);
    const identity = seriesIdentity(name, labels);
    const list = seriesOf.get(owner) ?? new Map<string, Series>();
    seriesOf.set(owner, list);
    let series = list.get(identity);
    if (!series) {
      series = { counter: counters.get(name)!, labels, total: remembered.get(identity) ?? 0 };
      remembered.delete(identity);
      list.set(identity, series);
      series.counter.inc(labels, series.total);
    }
    series.counter.inc(labels, by);
    series.total += by;
  };

  return {
    count(name, labels, source, value) {
      if (!Number.isFinite(value) || value < 0) return;
      const last = now.get(source) ?? before.get(source) ?? 0;
      now.set(source, value);
      add(name, { ...labels }, value >= last ? value - last : value);
    },
    endReading() {
      before = now;
      now = new Map();
    },
    savedCounters() {
      const series = [...seriesOf.values()].flatMap((list) =>
        [...list].map(([identity, { total }]) => [identity, total] as const),
      );
      return {
        sources: counted([...before, ...now]),
        series: counted([...remembered, ...series]),
      };
    },
    restoreCounters({ sources, series }, sameBoot) {
      if (sameBoot) before = new Map(Object.entries(sources));
      for (const [identity, total] of Object.entries(series)) remembered.set(identity, total);
    },
    forget(key) {
      for (const { counter, labels } of seriesOf.get(key)?.values() ?? []) counter.remove(labels);
      seriesOf.delete(key);
      for (const identity of remembered.keys()) if (ownerOf(identity) === key) remembered.delete(identity);
    },
  };
}

function seriesIdentity(name: string, labels: AnyLabels): string {
  return JSON.stringify([name, ...Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))]);
}

function ownerOf(identity: string): Key | undefined {
  const [name, ...labels] = JSON.parse(identity) as [string, ...[string, string][]];
  const families: Readonly<Partial<Record<string, Family>>> = FAMILIES;
  return families[name]?.owner(Object.fromEntries(labels));
}

/** What is 0 need not be remembered. */
function counted(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.filter(([, value]) => value > 0));
}
