import { type LineProgram, followProgram } from './programs.ts';
import { type Told, parseTold } from './told.ts';

/** Something changed; it never says what to do, only where to look. */
export type KernelEvent =
  | {
      readonly part: 'host';
      readonly group: 'link' | 'address' | 'route';
      /** The interface that it is about, where it is about one. */
      readonly device?: string;
    }
  /** Forwarding was switched: sysctls are read at every look, so there is nothing else to look at. */
  | { readonly part: 'switch' }
  /** In another namespace, by the id that the kernel gives it here. */
  | {
      readonly part: 'namespace';
      readonly id: number;
      readonly group: 'link' | 'address' | 'route';
      /** What is so now; absent where something is not any more, or that is not told in a way that is read here. */
      readonly told?: Told;
    }
  | {
      readonly part: 'netfilter';
      readonly process: number;
      readonly name: string;
      /** Whether nft tells that it is about ours; it says nothing at all of some changes. */
      readonly certain: boolean;
      /** The sets whose elements alone have changed; absent where more has, or nft does not tell. */
      readonly sets?: readonly string[];
    }
  /** Chains or rules of another table. */
  | { readonly part: 'foreign' }
  /** A monitor has begun, ended, or lost events: anything may have changed. */
  | {
      readonly part: 'unknown';
      readonly monitor: 'ip' | 'nft';
      readonly reason: string;
      /** It listens again after it did not. */
      readonly restarted?: boolean;
    };

/** The receive buffer: with the default one, two thirds of a burst of 2,000 links are lost. */
const RECEIVE_BUFFER = '8388608';

/** ip: `netlink receive error No buffer space available (105)`; nft: `# ERROR: We lost some netlink events!` */
const LOST = /no buffer space|we lost some netlink events/i;

/** Follows links, addresses, routes and forwarding switches, in this namespace and in those that veths lead to. */
export function monitorInterfaces(onEvents: (events: readonly KernelEvent[]) => void): LineProgram {
  const args = ['-rc', RECEIVE_BUFFER, '-o', 'monitor', 'link', 'address', 'route', 'netconf', 'all-nsid'];
  return followProgram('ip', args, (lines) =>
    onEvents(lines.flatMap((line) => parseInterfaceEvent(line) ?? [])),
  );
}

/** Reads a line of `ip -o monitor … all-nsid`. */
export function parseInterfaceEvent(line: string): KernelEvent | undefined {
  if (LOST.test(line)) return { part: 'unknown', monitor: 'ip', reason: 'events were lost' };
  const match = /^(?:\[nsid (?<nsid>current|-?\d+)\])?(?<deleted>Deleted )?(?<rest>.*)$/.exec(line);
  if (!match?.groups || match.groups.rest === '') return undefined;
  const { nsid = 'current', deleted, rest = '' } = match.groups;
  const isSwitch = /^inet6? /.test(rest);
  const group = /^\d+: \S+ +inet6? /.test(rest)
    ? 'address'
    : isSwitch || /^\d+: /.test(rest)
      ? 'link'
      : 'route';
  // What the kernel keeps for itself says no more than the link or the address that it is for.
  if (group === 'route' && /\btable local\b.*\bproto kernel\b/.test(rest)) return undefined;
  if (nsid !== 'current') {
    const told = deleted === undefined ? parseTold(rest) : undefined;
    return { part: 'namespace', id: Number(nsid), group, ...(told && { told }) };
  }
  if (isSwitch) return { part: 'switch' };
  const device = DEVICE.exec(rest)?.groups?.name;
  return { part: 'host', group, ...(device !== undefined && { device }) };
}

/** `5: vm1@if2: <…`, `5: vm1    inet …`; a name with other characters is as good as none. */
const DEVICE = /^\d+: (?<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,14})(@[^\s:]+)?(:| +inet6?) /;

/** Follows changes of lxcnet's own tables, and of others' chains and rules. */
export function monitorNetfilter(onEvents: (events: readonly KernelEvent[]) => void): LineProgram {
  const parse = netfilterEvents();
  return followProgram('nft', ['monitor'], (lines) => {
    const events = lines.flatMap(parse);
    if (events.length > 0) onEvents(events);
  });
}

/** Reads the lines of `nft monitor`, one after the other. */
export function netfilterEvents(): (line: string) => KernelEvent[] {
  let told = false;
  let touched = false;
  let foreign = false;
  let structure = false;
  const sets = new Set<string>();
  return (line) => {
    if (LOST.test(line)) return [{ part: 'unknown', monitor: 'nft', reason: 'events were lost' }];
    const generation = /^# new generation \d+ by process (?<pid>\d+) \((?<name>.*)\)$/.exec(line)?.groups;
    if (!generation) {
      told ||= /^\w+ \w+ (ip|ip6|inet|arp|bridge|netdev) /.test(line);
      if (/ (inet|bridge) lxcnet( |$)/.test(line)) {
        touched = true;
        const set = /^(?:add|delete) element (?:inet|bridge) lxcnet (?<name>\w+) \{/.exec(line)?.groups?.name;
        if (set === undefined) structure = true;
        else sets.add(set);
      }
      foreign ||= /^\w+ (table|chain|rule) (ip|ip6|inet) (?!lxcnet( |$))/.test(line);
      return [];
    }
    const event: KernelEvent = {
      part: 'netfilter',
      process: Number(generation.pid),
      name: generation.name ?? '',
      certain: touched,
      ...(touched && !structure && { sets: [...sets] }),
    };
    // nft 1.0.6 says nothing at all of an element that leaves a set of concatenated ranges.
    const events: KernelEvent[] = [
      ...(touched || !told ? [event] : []),
      ...(foreign ? [{ part: 'foreign' as const }] : []),
    ];
    told = touched = foreign = structure = false;
    sets.clear();
    return events;
  };
}
