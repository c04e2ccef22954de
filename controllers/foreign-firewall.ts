import { type Family, parseAddress, parseCidr } from '../src/api/address.ts';
import type { Bridge } from '../src/api/bridge.ts';
import { type Key, keyOf } from '../src/api/key.ts';
import type { Link } from '../src/api/link.ts';
import { bridgeInterfaceOf } from '../src/api/naming.ts';
import type { PortForward } from '../src/api/port-forward.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { ElementTable } from '../src/netfilter/elements.ts';
import { type SamplePacket, foreignDrop } from '../src/netfilter/foreign-verdict.ts';
import { linkAddresses } from '../src/netfilter/policy-sets.ts';
import type { PlanInput } from './plan.ts';
import { remedyFor } from './remedies.ts';
import { type Allowance, Allowances } from './samples.ts';

/**
 * What other tables drop of what manifests allow: for each Link and PortForward concerned a message with the remedy. A
 * sample of each kind of flow is followed through the other tables: out of the host, to the host, between links, in.
 */
export function findForeignDrops(input: PlanInput, elements: ElementTable): ReadonlyMap<Key, string> {
  const { foreign } = input.observed.surroundings;
  if (foreign.length === 0) return new Map();
  const sampler = new Sampler(input, elements);
  const found = new Map<Key, string>();
  for (const manifest of input.desired.values()) {
    const { kind } = manifest.resource;
    if (kind !== 'Link' && kind !== 'PortForward') continue;
    const messages = sampler.of(manifest as Manifest<Link | PortForward>).flatMap(({ bridge, packet }) => {
      const drop = foreignDrop(foreign, packet);
      if (!drop) return [];
      const { family, table, name } = drop.chain;
      const where = `table ${family} ${table}, chain ${name}${drop.byPolicy ? ' (policy drop)' : ''}`;
      const remedy = remedyFor(drop.chain, foreign, bridge, packet);
      return [`${where} drops ${describe(packet)}; remedy: ${remedy}`];
    });
    if (messages.length > 0) found.set(manifest.key, [...new Set(messages)].join('. '));
  }
  return found;
}

function describe({ protocol, source, destination, port, iifname, oifname, hook }: SamplePacket): string {
  const to =
    destination === undefined ? [] : [`to ${destination}${port === undefined ? '' : ` port ${port}`}`];
  return [
    protocol?.toUpperCase() ?? 'packets',
    ...(source === undefined ? [] : [`from ${source}`]),
    ...to,
    ...(destination === undefined && port !== undefined ? [`to port ${port}`] : []),
    ...(iifname === undefined ? [] : [`in by ${iifname}`]),
    ...(hook === 'forward' && oifname !== undefined ? [`out of ${oifname}`] : []),
  ].join(' ');
}

/** A packet that a manifest allows, and the bridge that has to be opened for it. */
interface Sample {
  readonly bridge: string;
  readonly packet: SamplePacket;
}

type Place = 'host' | 'link' | 'outside';

interface SampledBridge {
  /** That of its interface. */
  readonly name: string;
  readonly switched: boolean;
  readonly spec: Bridge['spec'];
}

class Sampler {
  readonly #input: PlanInput;
  readonly #allowances: Allowances;
  readonly #hostAddresses = new Set<string>();
  readonly #linkBridges = new Map<string, string>();

  constructor(input: PlanInput, elements: ElementTable) {
    this.#input = input;
    this.#allowances = new Allowances(elements);
    for (const { addresses } of input.observed.host.interfaces.values())
      for (const text of addresses) this.#hostAddresses.add(text.slice(0, text.indexOf('/')));
    for (const { resource } of input.desired.values()) {
      if (resource.kind !== 'Link') continue;
      const bridge = this.#bridgeOf(resource);
      if (bridge)
        for (const [, address] of linkAddresses(resource)) this.#linkBridges.set(address, bridge.name);
    }
  }

  of({ resource }: Manifest<Link | PortForward>): Sample[] {
    return resource.kind === 'Link' ? this.#ofLink(resource) : this.#ofForward(resource);
  }

  #ofForward({ metadata, spec }: PortForward): Sample[] {
    const { name, namespace = metadata.namespace } = spec.link;
    const link = this.#input.desired.get(keyOf('Link', namespace, name))?.resource as Link | undefined;
    const bridge = link && this.#bridgeOf(link);
    if (!bridge) return [];
    const listed = spec.addresses?.map((text) => parseAddress(text)!.family);
    return [...new Map([...linkAddresses(link)].reverse())]
      .filter(([family]) => !listed || listed.includes(family))
      .map(([family, destination]) => {
        const { protocol, port, targetPort = port } = spec.ports[0]!;
        const packet: SamplePacket = {
          family,
          hook: 'forward',
          iifname: spec.interfaces?.[0] ?? this.#uplink(family),
          oifname: bridge.name,
          destination,
          protocol: protocol.toLowerCase(),
          port: targetPort,
          translated: true,
        };
        return { bridge: bridge.name, packet };
      });
  }

  #ofLink(link: Link): Sample[] {
    const bridge = this.#bridgeOf(link);
    if (!bridge) return [];
    return linkAddresses(link).flatMap(([family, address]) => [
      ...this.#egress(bridge, family, address),
      ...this.#ingress(bridge, family, address),
      ...ofResolver(bridge, family, address),
    ]);
  }

  #egress(bridge: { name: string; switched: boolean }, family: Family, source: string): Sample[] {
    return this.#onePerPlace('egress', family, source).flatMap(([place, { peer, protocol, port }]) => {
      const oifname = place === 'link' ? this.#linkBridges.get(peer!) : this.#uplink(family);
      if (place === 'link' && bridge.switched && oifname === bridge.name) return [];
      const packet: SamplePacket = {
        family,
        hook: place === 'host' ? 'input' : 'forward',
        iifname: bridge.name,
        oifname: place === 'host' ? undefined : oifname,
        source,
        destination: peer,
        protocol,
        port,
        translated: false,
      };
      return [{ bridge: bridge.name, packet }];
    });
  }

  /** From siblings it is seen as their egress; the host is never filtered. */
  #ingress(bridge: { name: string }, family: Family, destination: string): Sample[] {
    return this.#onePerPlace('ingress', family, destination)
      .filter(([place]) => place === 'outside')
      .map(([, { peer, protocol, port }]) => {
        const packet: SamplePacket = {
          family,
          hook: 'forward',
          iifname: this.#uplink(family),
          oifname: bridge.name,
          source: peer,
          destination,
          protocol,
          port,
          translated: false,
        };
        return { bridge: bridge.name, packet };
      });
  }

  #onePerPlace(direction: 'egress' | 'ingress', family: Family, address: string): [Place, Allowance][] {
    const samples = new Map<Place, Allowance>();
    for (const allowance of this.#allowances.of(direction, family, address)) {
      const place = this.#placeOf(allowance.peer);
      if (!samples.has(place)) samples.set(place, allowance);
    }
    return [...samples];
  }

  #placeOf(peer: string | undefined): Place {
    if (peer === undefined) return 'outside';
    if (this.#hostAddresses.has(peer)) return 'host';
    return this.#linkBridges.has(peer) ? 'link' : 'outside';
  }

  /** The interface of the default route. */
  #uplink(family: Family): string | undefined {
    const everywhere = family === 4 ? '0.0.0.0/0' : '::/0';
    return this.#input.observed.host.routes.find(
      (route) => route.to === everywhere && route.table === 254 && route.interface !== undefined,
    )?.interface;
  }

  #bridgeOf({ spec }: Link): SampledBridge | undefined {
    const bridge = this.#input.desired.get(keyOf('Bridge', '', spec.bridge))?.resource as Bridge | undefined;
    return (
      bridge && {
        name: bridgeInterfaceOf(bridge),
        switched: bridge.spec.siblings === 'Switched',
        spec: bridge.spec,
      }
    );
  }
}

/** What a link asks of its bridge's own services. */
function ofResolver({ name, spec }: SampledBridge, family: Family, source: string): Sample[] {
  const server = spec.addresses.find((text) => parseCidr(text)!.family === family);
  const ask = (destination: string, port: number, client?: string): Sample => ({
    bridge: name,
    packet: {
      family,
      hook: 'input',
      iifname: name,
      source: client,
      destination,
      protocol: 'udp',
      port,
      translated: false,
    },
  });
  return [
    ...(spec.dns && server !== undefined ? [ask(server.slice(0, server.indexOf('/')), 53, source)] : []),
    ...(spec.dhcp && family === 4 ? [ask('255.255.255.255', 67)] : []),
  ];
}
