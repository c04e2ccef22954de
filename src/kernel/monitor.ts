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
      /** The sets whose elements alone have changed; absent where more has. */
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

/** `netlink receive error No buffer space available (105)` */
const LOST = /no buffer space/i;

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
  const match = /^(?:\[nsid (?<nsid>current|-?\d{1,10})\])?(?<deleted>Deleted )?(?<rest>.*)$/.exec(line);
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
