import type { FlowFilter } from '../kernel/command.ts';
import type { ElementDifference, StaleElement } from './difference.ts';
import { PROTOCOL_NUMBER } from './policy-sets.ts';

/**
 * The running UDP flows that conntrack still sends where a forward led before: their next packet has to be looked at as if
 * it were the first. TCP is not concerned: a connection cannot move to another peer.
 */
export function movedFlows({ removals, additions }: ElementDifference): FlowFilter[] {
  return [
    ...removals.flatMap((element) => flowsOf(element, true)),
    ...additions.flatMap((element) => flowsOf(element, false)),
  ];
}

function flowsOf({ set, key, value }: StaleElement, forwarded: boolean): FlowFilter[] {
  const match = /^dnat_(?<place>\w+)(?<family>[46])$/.exec(set)?.groups;
  if (!match) return [];
  const atoms = key.split(' . ');
  const [protocol, port] = atoms.slice(-2);
  if (protocol !== String(PROTOCOL_NUMBER.UDP)) return [];
  const [address, targetPort] = value.split(' . ') as [string, string];
  return [
    {
      family: match.family === '4' ? 4 : 6,
      port: Number(port),
      ...(match.place!.endsWith('address') && { destination: atoms.at(-3)! }),
      ...(forwarded && { target: { address, port: Number(targetPort) } }),
    },
  ];
}
