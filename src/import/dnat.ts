import { formatAddress, parseAddress } from '../api/address.ts';
import { interfaceName } from '../api/scalars.ts';
import { type PortRange, type Rule, isAboutNew } from './rule.ts';
import type { LinkDraft, Topology } from './topology.ts';
import { everything, familyOf, parsePorts, singleAddress } from './values.ts';

/** One port, or range, that a rule leads to a Link. */
export interface Forwarded {
  readonly link: LinkDraft;
  readonly interfaces: readonly string[] | undefined;
  readonly addresses: readonly string[] | undefined;
  readonly sources: readonly string[];
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly ports: PortRange;
  readonly targetPort: number;
}

/** What a DNAT rule forwards, or why that cannot be carried over. */
export function forwardedBy(rule: Rule, topology: Topology): readonly Forwarded[] | string {
  if (rule.unsupported !== undefined) return rule.unsupported;
  const { target, protocol, ports, to, from } = rule;
  if (target.kind !== 'dnat') return 'not recognised as a forward';
  if (!isAboutNew(rule) || rule.out) return 'a forward is about new connections, wherever they go';
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
    return 'a forward needs a protocol: TCP, UDP or SCTP';
  if (!ports) return 'a forward needs ports; the whole of an address is not forwarded';
  const destination = destinationOf(target.to);
  if (!destination) return 'where it leads to cannot be read';
  const { link, reason } = topology.targetAt(destination.address);
  if (!link) return reason ?? 'it leads to no container';
  if (from?.negated) return 'sources with `!`';
  if (to?.negated) return 'a destination with `!`';
  const addresses = to?.value.map(singleAddress);
  if (addresses?.includes(undefined)) return 'a forward listens on addresses, and not on a network';
  const interfaces = interfacesOf(rule, topology);
  if (typeof interfaces === 'string') return interfaces;
  const families = rule.family === undefined ? [familyOf(destination.address)] : [rule.family];
  const forwarded: Forwarded[] = [];
  for (const range of ports) {
    const targetPort = targetPortOf(range, destination.ports, ports.length);
    if (typeof targetPort === 'string') return targetPort;
    forwarded.push({
      link,
      interfaces,
      addresses: addresses?.map(String),
      sources: from?.value ?? families.map(everything),
      protocol,
      ports: range,
      targetPort,
    });
  }
  return forwarded;
}

function interfacesOf({ in: match }: Rule, topology: Topology): readonly string[] | undefined | string {
  if (!match) return undefined;
  const isBridge = topology.bridgeOf(match.value) !== undefined;
  // `! -i br0`: that is where a forward listens by itself.
  if (match.negated) return isBridge || match.value === 'lo' ? undefined : 'an interface with `!`';
  if (isBridge) return 'what comes from a container reaches a forward by itself, with `hairpin`';
  return interfaceName.safeParse(match.value).success ? [match.value] : 'its interface has no valid name';
}

/** `10.10.20.10`, `10.10.20.10:80`, `10.10.20.10:80-90`, `[fd00:20::10]:80`. */
function destinationOf(text: string): { address: string; ports: PortRange | undefined } | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(.+))?$/i.exec(text);
  const parsed = parseAddress(match?.[1] ?? match?.[2] ?? text);
  if (!parsed) return undefined;
  const ports = match?.[3] === undefined ? undefined : parsePorts(match[3], '-');
  if (match?.[3] !== undefined && !ports) return undefined;
  return { address: formatAddress(parsed), ports };
}

function targetPortOf(ports: PortRange, target: PortRange | undefined, ranges: number): number | string {
  if (!target) return ports.from;
  const length = ports.to - ports.from;
  if (target.to - target.from !== length || (ranges > 1 && length > 0))
    return 'a forward of a range keeps its offset: one port does not lead to many, nor many to one';
  if (ranges > 1 && target.from !== target.to) return 'several ports that lead to a range';
  return target.from;
}
