import type { Bridge } from '../src/api/bridge.ts';
import { keyOf } from '../src/api/key.ts';
import type { Link } from '../src/api/link.ts';
import { ANNOTATIONS } from '../src/api/group.ts';
import { bridgeInterfaceOf, hostInterfaceOf, macAddressOf } from '../src/api/naming.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Claim, Operation, Stage } from '../src/kernel/command.ts';
import { type ObservedInterface, isMarkedFor, markOf } from '../src/kernel/observed.ts';
import type { LinkContext } from './link-context.ts';
import { findHostEnd, findInside, nameBefore } from './link-ends.ts';
import { formerInterfaces, interfaceRemoval } from './interface-removal.ts';
import { planContainerSide } from './link-container.ts';
import { renamed, renamedInside } from './interface-rename.ts';
import { planProxies } from './link-proxies.ts';
import { isWhereLxcPutIt, lxcDifferences, lxcNicOf } from './lxc-differences.ts';
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
  resolved,
  takenBack,
  unresolved,
} from './plan.ts';

/** What makes the veth pair between a bridge and a container as its manifest says. */
export function planLink(manifest: Manifest<Link>, input: PlanInput): Plan {
  const { spec } = manifest.resource;
  const bridge = input.desired.get(keyOf('Bridge', '', spec.bridge))?.resource as Bridge | undefined;
  if (!bridge) return unresolved('NotFound', `there is no Bridge '${spec.bridge}'`);
  const device = input.observed.host.interfaces.get(bridgeInterfaceOf(bridge));
  if (
    device &&
    !isMarkedFor(device, keyOf('Bridge', '', spec.bridge)) &&
    !mayAdopt(bridge) &&
    !bridgeIsHalfMade(device, bridge, input)
  ) {
    return unresolved(
      'NotReady',
      `Bridge '${spec.bridge}' is not ready: interface '${device.name}' ${ownerText(device)}`,
    );
  }
  const container = input.observed.containers.get(manifest.key);
  if (!container || container.state === 'absent') {
    return unresolved('ContainerNotRunning', container?.reason ?? 'the container was not looked for yet');
  }
  const references = resolved(`Bridge '${spec.bridge}' and the container are there`);
  if (spec.antiSpoofing && input.observed.missing.has('bridge-filter'))
    return { operations: [], references, obstacle: NO_BRIDGE_FILTER };
  if (container.state === 'unusable') {
    return {
      operations: [],
      references,
      obstacle: { reason: 'InvalidSpec', message: container.reason, stalled: true },
    };
  }
  const { path, identity, cookie } = container;
  const place = { container: manifest.key, path, identity, cookie };
  const context: LinkContext = { manifest, bridge, container, place, input };
  const notes = [
    ...(wantsLog(manifest.resource) && input.observed.missing.has('denied-log') ? [NO_LOG] : []),
    ...lxcDifferences(context),
  ];
  return { ...planPair(context), references, notes };
}

function bridgeIsHalfMade(device: ObservedInterface, bridge: Bridge, { claims }: PlanInput): boolean {
  const key = keyOf('Bridge', '', bridge.metadata.name);
  return device.alias === '' && claims.find('interface', device.name)?.owner === key;
}

/** Everything else of such a link is made; but it is not ready, since not all of it is in force. */
const NO_BANDWIDTH: Obstacle = {
  reason: 'UnsupportedByKernel',
  message:
    'spec.bandwidth: this kernel cannot limit rates in bridges (NF_TABLES_BRIDGE, NFT_LIMIT), so no limit is in force; everything else of the link is',
  stalled: true,
};

/** Fails closed: what protects its siblings from it is not there unless the manifest does without. */
const NO_BRIDGE_FILTER: Obstacle = {
  reason: 'UnsupportedByKernel',
  message:
    'spec.antiSpoofing: this kernel cannot filter in bridges (NF_TABLES_BRIDGE), so the link is not made; `antiSpoofing: false` does without',
  stalled: true,
};

const NO_LOG: Note = {
  reason: 'UnsupportedByKernel',
  message: `${ANNOTATIONS.logDenied}: this kernel cannot log packets (NFT_LOG, NFT_LIMIT), so nothing is logged`,
};

function wantsLog({ metadata }: Link): boolean {
  return metadata.annotations[ANNOTATIONS.logDenied] === 'true';
}

function planPair(context: LinkContext): Plan {
  const { manifest, container, place, input } = context;
  const { key, resource } = manifest;
  const named = container.view.interfaces.get(resource.spec.interface);
  const former = named ? undefined : findInside(context);
  const inside = named ?? former;
  const host = findHostEnd(context, inside);
  if (inside && !host) {
    return {
      operations: [],
      obstacle: conflict(`the container has an interface '${inside.name}' already that is not lxcnet's`),
    };
  }
  const obstacle = host && inTheWay(context, host, inside);
  if (obstacle) return { operations: [], obstacle };
  // Without its other end where it should be it is of no use: the container was replaced.
  const stale = host !== undefined && !inside;
  const before = host && !stale ? nameBefore(key, host, input.claims) : undefined;
  const name = resource.spec.hostInterface ?? before ?? hostInterfaceOf(resource);
  const other = input.observed.host.interfaces.get(name);
  if (host && other && other !== host)
    return { operations: [], obstacle: conflict(`interface '${name}' exists and ${ownerText(other)}`) };
  const rename =
    host && !stale && host.name !== name ? renamed(key, host, name, input.claims, before) : undefined;
  const present = stale ? undefined : (rename?.device ?? host);
  const renameInside = former && present && renamedInside(key, place, former, resource.spec.interface);
  const unlimited = resource.spec.bandwidth && input.observed.missing.has('bandwidth');
  return {
    ...(unlimited && { obstacle: NO_BANDWIDTH }),
    operations: [
      ...(stale ? [interfaceRemoval(key, host)] : []),
      ...formerInterfaces(key, [name, rename && host?.name], input),
      ...(rename ? [rename.operation] : takenBack(present, key, input.claims, before)),
      ...(present ? [] : [creation(context, name)]),
      ...(renameInside ? [renameInside.operation] : []),
      ...planHostSide(context, name, present, before),
      ...planContainerSide(context, renameInside?.device ?? (present && inside)),
      ...(present?.up ? [] : [setting(context, 'activate', name, 'state', 'down', 'up', ['up'])]),
      ...planProxies(context),
    ],
  };
}

function inTheWay(
  context: LinkContext,
  host: ObservedInterface,
  inside: ObservedInterface | undefined,
): Obstacle | undefined {
  const { manifest, bridge, input } = context;
  const { key, resource } = manifest;
  if (isMarkedFor(host, key)) return undefined;
  const unmarked = host.alias === '';
  const halfMade = unmarked && input.claims.find('interface', host.name)?.owner === key;
  const madeByLxc =
    resource.spec.container.lxc !== undefined &&
    inside !== undefined &&
    isWhereLxcPutIt(host, lxcNicOf(context), bridge);
  if (halfMade || madeByLxc || (unmarked && inside !== undefined && mayAdopt(resource))) return undefined;
  return conflict(
    `interface '${host.name}' exists and ${ownerText(host)}${inside ? `; ${TAKE_OVER_HINT}` : ''}`,
  );
}

function creation({ manifest, bridge, place }: LinkContext, name: string): Operation {
  const { key, resource } = manifest;
  const mtu = String(resource.spec.mtu ?? bridge.spec.mtu);
  const peer = ['peer', 'name', resource.spec.interface, 'address', macAddressOf(resource), 'mtu', mtu];
  return {
    key,
    stage: 'create',
    verb: 'create',
    object: `interface ${name}`,
    commands: [
      {
        tool: 'ip',
        place: 'host',
        args: ['link', 'add', 'name', name, 'mtu', mtu, 'type', 'veth', ...peer],
        into: place,
      },
    ],
    claim: { owner: key, object: 'interface', id: name },
  };
}

/** @param before The name with which it came. */
function planHostSide(
  context: LinkContext,
  name: string,
  host: ObservedInterface | undefined,
  before: string | undefined,
): Operation[] {
  const { manifest, bridge } = context;
  const alias = markOf(manifest.key);
  const master = bridgeInterfaceOf(bridge);
  const mtu = String(manifest.resource.spec.mtu ?? bridge.spec.mtu);
  const isolated = bridge.spec.siblings === 'Routed';
  const joins = host?.master !== master;
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  // The kernel begins anew with each bridge that a port joins.
  const isIsolated = !joins && host.isolated;
  // Taking over a veth that LXC made enters it in the inventory, too.
  const claim: Claim = {
    owner: manifest.key,
    object: 'interface',
    id: name,
    ...(before !== undefined && { before }),
  };
  return [
    ...(host?.alias === alias
      ? []
      : [{ ...setting(context, 'mark', name, 'alias', host?.alias ?? '', alias, ['alias', alias]), claim }]),
    // The host has no business on a port of its bridge: no link-local address, no neighbour discovery.
    ...(host
      ? []
      : [setting(context, 'configure', name, 'addrgenmode', 'eui64', 'none', ['addrgenmode', 'none'])]),
    ...(!host || String(host.mtu) === mtu
      ? []
      : [setting(context, 'configure', name, 'mtu', String(host.mtu), mtu, ['mtu', mtu])]),
    ...(joins
      ? [setting(context, 'configure', name, 'master', host?.master ?? '', master, ['master', master])]
      : []),
    ...(isIsolated === isolated
      ? []
      : [
          setting(context, 'configure', name, 'isolated', onOff(isIsolated), onOff(isolated), [
            'type',
            'bridge_slave',
            'isolated',
            onOff(isolated),
          ]),
          ...(joins ? [] : [forgottenNeighbours(context)]),
        ]),
  ];
}

/** After a change of `siblings` a container would look for the others at the MAC address of before, for up to a minute. */
function forgottenNeighbours({ manifest, place }: LinkContext): Operation {
  const name = manifest.resource.spec.interface;
  return {
    key: manifest.key,
    stage: 'container',
    verb: 'update',
    object: `neighbours on ${name} in ${manifest.key}`,
    commands: [ip(place, 'neighbour', 'flush', 'dev', name)],
  };
}

function setting(
  { manifest }: LinkContext,
  stage: Stage,
  name: string,
  field: string,
  from: string,
  to: string,
  args: readonly string[],
): Operation {
  return {
    key: manifest.key,
    stage,
    verb: 'update',
    object: `interface ${name}`,
    field,
    from,
    to,
    commands: [ip('host', 'link', 'set', 'dev', name, ...args)],
  };
}
