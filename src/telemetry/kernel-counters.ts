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

/** Counters of the kernel, exported so that they only grow. */
export interface KernelCounters {
  /**
   * Tells the kernel's present value. Where that is less than before, the kernel's counter began anew, and what it
   * counted since is added.
   */
  setCounter<N extends KernelCounterName>(name: N, labels: KernelCounterLabels[N], value: number): void;
  forget(key: Key): void;
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
};

interface Series {
  readonly counter: Counter<string>;
  readonly labels: AnyLabels;
  /** The kernel's last value. */
  last: number;
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

  return {
    setCounter(name, typedLabels, value) {
      if (!Number.isFinite(value) || value < 0) return;
      const labels: AnyLabels = { ...typedLabels };
      const owner = FAMILIES[name].owner(labels);
      let series = seriesOf.get(owner);
      if (!series) seriesOf.set(owner, (series = new Map<string, Series>()));
      const identity = `${name}/${labels.direction ?? ''}`;
      const known = series.get(identity);
      if (!known) {
        const counter = counters.get(name)!;
        counter.inc(labels, value);
        series.set(identity, { counter, labels, last: value });
        return;
      }
      known.counter.inc(labels, value >= known.last ? value - known.last : value);
      known.last = value;
    },
    forget(key) {
      for (const { counter, labels } of seriesOf.get(key)?.values() ?? []) counter.remove(labels);
      seriesOf.delete(key);
    },
  };
}
