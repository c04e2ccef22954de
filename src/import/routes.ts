import { formatCidr, parseAddress } from '../api/address.ts';
import { type Candidate, Names } from './candidate.ts';
import type { RouteFact } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { Topology } from './topology.ts';
import { parseNetwork } from './values.ts';

/** Makes a Route of each route that leads through a bridge of containers; the others are the host's own. */
export function makeRoutes(
  routes: readonly RouteFact[],
  topology: Topology,
  ledger: Ledger,
): readonly Candidate[] {
  const names = new Names();
  return routes.flatMap((route): Candidate[] => {
    const { via, source, metric } = route;
    const network = parseNetwork(route.to);
    const ownInterface = route.interface !== undefined && topology.bridgeOf(route.interface) !== undefined;
    const ownGateway =
      via !== undefined && parseAddress(via) !== undefined && topology.isOfContainers(hostNetwork(via));
    if (!network || (!ownInterface && !ownGateway) || (route.interface !== undefined && !ownInterface)) {
      ledger.comment(source, "a route of the host's own, which stays as the host sets it up");
      return [];
    }
    const spec = {
      to: formatCidr(network),
      ...(via !== undefined && { via }),
      ...(route.interface !== undefined && { interface: route.interface }),
      ...(metric !== undefined && { metric }),
    };
    return [{ kind: 'Route', name: names.take(`to-${formatCidr(network)}`), spec, sources: [source] }];
  });
}

function hostNetwork(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
