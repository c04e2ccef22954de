import type { Bridge } from '../src/api/bridge.ts';
import { keyOf } from '../src/api/key.ts';
import { bridgeInterfaceOf, bridgeMacOf, linkLocalOf } from '../src/api/naming.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Operation, Stage } from '../src/kernel/command.ts';
import { type ObservedInterface, interfaceMarkedFor, markOf } from '../src/kernel/observed.ts';
import { formerInterfaces } from './interface-removal.ts';
import { renamed } from './interface-rename.ts';
import { planAddresses } from './addresses.ts';
import { planResolverStop, planResolvers } from './resolver.ts';
import {
  type Note,
  type Obstacle,
  type Plan,
  type PlanInput,
  TAKE_OVER_HINT,
  conflict,
  ip,
  mayAdopt,
  ownerText,
  ownership,
  takenBack,
} from './plan.ts';
import { type SysctlSetting, planSysctl } from './sysctls.ts';

/** What makes the host's bridge as its manifest says. */
export function planBridge(manifest: Manifest<Bridge>, input: PlanInput): Plan {
  const { key, resource } = manifest;
  const name = bridgeInterfaceOf(resource);
  const { host } = input.observed;
  const named = host.interfaces.get(name);
  const obstacle = named && inTheWay(manifest, named, input);
  // On a bridge of somebody else's nobody is answered in our name.
  if (obstacle) return { operations: planResolverStop(key, resource.metadata.name, input), obstacle };
  // Under another name: somebody has given it one, or its manifest has.
  const former = named ? undefined : interfaceMarkedFor(host, key);
  const rename = former?.kind === 'bridge' ? renamed(key, former, name, input.claims) : undefined;
  const device = named ?? rename?.device;
  const ports = planPorts(manifest, name, input);
  const resolver = planResolvers(manifest, device, input);
  const { obstacle: unfinished = resolver.obstacle } = ports;
  return {
    operations: [
      ...formerInterfaces(key, [name, rename && former?.name], input),
      ...takenBack(named, key, input.claims),
      ...(rename ? [rename.operation] : []),
      ...(device ? [] : [creation(manifest, name)]),
      ...planSettings(manifest, name, device),
      ...planAddresses(
        { key, place: 'host', stage: 'configure', interface: name, desired: resource.spec.addresses },
        device,
        input.claims,
      ),
      ...planLinkLocal(manifest, name, device),
      ...ports.operations,
      ...(device?.up ? [] : [update(manifest, 'activate', name, 'state', 'down', 'up', ['up'])]),
      ...bridgeSysctls(resource, input.desired.values()).flatMap((setting) =>
        unrecorded(planSysctl(key, setting, input.observed, input.claims)),
      ),
      ...resolver.operations,
    ],
    ...(unfinished && { obstacle: unfinished }),
    notes: [...(input.observed.missing.has('bridge-filter') ? [OPEN_PORTS] : []), ...(resolver.notes ?? [])],
  };
}

const OPEN_PORTS: Note = {
  reason: 'UnsupportedByKernel',
  message: 'this kernel cannot filter in bridges (NF_TABLES_BRIDGE), so undeclared ports are not closed',
};

/** The bridge's own sysctls go with it, so there is nothing to give back. */
function unrecorded(operations: readonly Operation[]): Operation[] {
  return operations.map(({ claim: _, ...operation }) => operation);
}

/** Whether a forward leads to a link of this bridge that the host's own programs may use. */
function isForwardedTo(bridge: Bridge, desired: Iterable<Manifest>): boolean {
  const manifests = [...desired];
  const links = new Set(
    manifests
      .filter(({ resource }) => resource.kind === 'Link' && resource.spec.bridge === bridge.metadata.name)
      .map(({ key }) => key),
  );
  return manifests.some(({ resource }) => {
    if (resource.kind !== 'PortForward' || !resource.spec.hairpin) return false;
    const { name, namespace = resource.metadata.namespace } = resource.spec.link;
    return links.has(keyOf('Link', namespace, name));
  });
}

/** The sysctls of a bridge's interface. The host routes between its ports, so it answers for them and never redirects. */
export function bridgeSysctls(bridge: Bridge, desired: Iterable<Manifest>): SysctlSetting[] {
  const name = bridgeInterfaceOf(bridge);
  const routed = bridge.spec.siblings === 'Routed' ? '1' : '0';
  return [
    { path: `net/ipv4/conf/${name}/forwarding`, value: '1' },
    { path: `net/ipv4/conf/${name}/send_redirects`, value: '0' },
    { path: `net/ipv4/conf/${name}/proxy_arp_pvlan`, value: routed },
    { path: `net/ipv4/neigh/${name}/proxy_delay`, value: '0' },
    // Only where it is needed: until the filter is in force again after somebody flushed it, it is what protects 127.0.0.1.
    { path: `net/ipv4/conf/${name}/route_localnet`, value: isForwardedTo(bridge, desired) ? '1' : '0' },
    // Proxying neighbour discovery needs `forwarding`; forwarding itself needs `force_forwarding`, where the kernel has it.
    { path: `net/ipv6/conf/${name}/forwarding`, value: '1' },
    { path: `net/ipv6/conf/${name}/force_forwarding`, value: '1' },
    { path: `net/ipv6/conf/${name}/proxy_ndp`, value: routed },
    { path: `net/ipv6/neigh/${name}/proxy_delay`, value: '0' },
  ];
}

/**
 * The link-local address, with which the host looks for its containers' IPv6 neighbours. The kernel's own would be
 * unusable for 1.5 s after the bridge comes up, and never come back after somebody flushed it.
 */
function planLinkLocal(
  { key, resource }: Manifest<Bridge>,
  name: string,
  device: ObservedInterface | undefined,
): Operation[] {
  const wanted = resource.spec.addresses.some((address) => address.includes(':'));
  if (!wanted || device?.linkLocal) return [];
  const address = `${linkLocalOf(bridgeMacOf(resource))}/64`;
  return [
    {
      key,
      stage: 'configure',
      verb: 'create',
      object: `address ${address} on ${name}`,
      commands: [ip('host', 'address', 'add', address, 'dev', name, 'nodad')],
    },
  ];
}

function inTheWay(
  { key, resource }: Manifest<Bridge>,
  device: ObservedInterface,
  input: PlanInput,
): Obstacle | undefined {
  if (device.kind !== 'bridge') return conflict(`interface '${device.name}' exists and is not a bridge`);
  const owner = ownership(device, key, input.claims, bridgeMacOf(resource));
  if (owner !== 'foreign' || (mayAdopt(resource) && device.alias === '')) return undefined;
  return conflict(`bridge '${device.name}' exists and ${ownerText(device)}; ${TAKE_OVER_HINT}`);
}

function creation({ key, resource }: Manifest<Bridge>, name: string): Operation {
  return {
    key,
    stage: 'create',
    verb: 'create',
    object: `interface ${name}`,
    commands: [ip('host', 'link', 'add', 'name', name, 'address', bridgeMacOf(resource), 'type', 'bridge')],
    claim: { owner: key, object: 'interface', id: name },
  };
}

function planSettings(
  manifest: Manifest<Bridge>,
  name: string,
  device: ObservedInterface | undefined,
): Operation[] {
  const { key, resource } = manifest;
  const mac = bridgeMacOf(resource);
  // The kernel lets a bridge follow the smallest MTU of its ports until its own is set explicitly, so it always is.
  const mtu = String(resource.spec.mtu);
  const alias = markOf(key);
  return [
    ...(device?.alias === alias
      ? []
      : [update(manifest, 'mark', name, 'alias', device?.alias ?? '', alias, ['alias', alias])]),
    ...(device && device.mac !== mac
      ? [update(manifest, 'configure', name, 'macAddress', device.mac, mac, ['address', mac])]
      : []),
    ...(device
      ? []
      : [update(manifest, 'mark', name, 'addrgenmode', 'eui64', 'none', ['addrgenmode', 'none'])]),
    ...(String(device?.mtu) === mtu
      ? []
      : [update(manifest, 'configure', name, 'mtu', String(device?.mtu ?? ''), mtu, ['mtu', mtu])]),
  ];
}

function update(
  { key }: Manifest<Bridge>,
  stage: Stage,
  name: string,
  field: string,
  from: string,
  to: string,
  setting: readonly string[],
): Operation {
  return {
    key,
    stage,
    verb: 'update',
    object: `interface ${name}`,
    field,
    from,
    to,
    commands: [ip('host', 'link', 'set', 'dev', name, ...setting)],
    // A bridge that is taken over enters the inventory with its mark.
    ...(field === 'alias' && { claim: { owner: key, object: 'interface' as const, id: name } }),
  };
}

function planPorts(
  { key, resource }: Manifest<Bridge>,
  bridge: string,
  { observed, claims }: PlanInput,
): Plan {
  const operations: Operation[] = [];
  let obstacle: Obstacle | undefined;
  const attach = (port: string, master: string[], from: string, to: string): Operation => ({
    key,
    stage: 'configure',
    verb: 'update',
    object: `interface ${port}`,
    field: 'master',
    from,
    to,
    commands: [ip('host', 'link', 'set', 'dev', port, ...master)],
  });
  for (const port of resource.spec.ports) {
    const device = observed.host.interfaces.get(port);
    if (!device) {
      obstacle = {
        reason: 'NotFound',
        message: `there is no interface '${port}' to attach as a port`,
        stalled: false,
      };
    } else if (device.master === undefined) {
      operations.push({
        ...attach(port, ['master', bridge], '', bridge),
        claim: { owner: key, object: 'port', id: port },
      });
    } else if (device.master !== bridge) {
      obstacle = conflict(`interface '${port}' is a port of '${device.master}' already`);
    }
  }
  for (const claim of claims.of(key)) {
    const attached = claim.object === 'port' && observed.host.interfaces.get(claim.id)?.master === bridge;
    if (attached && !resource.spec.ports.includes(claim.id)) {
      operations.push({ ...attach(claim.id, ['nomaster'], bridge, ''), release: claim });
    }
  }
  return { operations, ...(obstacle && { obstacle }) };
}
