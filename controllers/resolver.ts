import type { Bridge } from '../src/api/bridge.ts';
import { type Key, displayKey, keyOf } from '../src/api/key.ts';
import { bridgeInterfaceOf } from '../src/api/naming.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Operation } from '../src/kernel/command.ts';
import type { ObservedInterface, ResolverView } from '../src/kernel/observed.ts';
import { SERVICES, type Service } from '../src/resolver/config.ts';
import { type DesiredResolver, desiredResolver, resolverName, unnamedLinks } from '../src/resolver/files.ts';
import type { Note, Obstacle, Plan, PlanInput } from './plan.ts';

const NOT_INSTALLED: Obstacle = {
  reason: 'ProgramNotFound',
  message:
    "there is no program 'dnsmasq' for spec.dns and spec.dhcp: install dnsmasq-base; everything else of the bridge works",
  stalled: false,
};

function unnamedNote(link: Key): Note {
  const message = `${displayKey(link)} has no name in DNS, which has room for 63 characters between dots and 253 in all`;
  return { reason: 'NameTooLong', message };
}

/**
 * What gives a bridge its dnsmasq for DNS and for DHCP, and keeps them at what the manifests say.
 *
 * @param device The bridge's interface; `undefined` where it is about to be made.
 */
export function planResolvers(
  manifest: Manifest<Bridge>,
  device: ObservedInterface | undefined,
  input: PlanInput,
): Plan {
  const plans = SERVICES.map((service) => planResolver(manifest, service, device, input));
  const obstacle = plans.find((plan) => plan.obstacle)?.obstacle;
  return {
    operations: plans.flatMap(({ operations }) => operations),
    ...(obstacle && { obstacle }),
    notes: manifest.resource.spec.dns ? unnamedLinks(input.desired).map(unnamedNote) : [],
  };
}

function planResolver(
  manifest: Manifest<Bridge>,
  service: Service,
  device: ObservedInterface | undefined,
  input: PlanInput,
): Plan {
  const { resolvers } = input.observed;
  const name = resolverName(manifest.resource, service);
  const wanted = desiredResolver(manifest.resource, service, input.desired);
  if (!wanted) return { operations: resolvers.found.has(name) ? [stop(manifest.key, name)] : [] };
  const found = resolvers.found.get(name);
  const running = found !== undefined && isRunning(found, wanted, device);
  if (running && found.data === wanted.data) return { operations: [] };
  const { problem } = found ?? {};
  if (problem?.config === wanted.config) return { operations: [], obstacle: failed(problem.message) };
  if (running && service === 'dns') return { operations: [reload(manifest.key, name, found, wanted)] };
  if (!resolvers.installed) return { operations: [], obstacle: NOT_INSTALLED };
  return { operations: [start(manifest, name, found, wanted, device)] };
}

/** Ends what there is of a bridge's. */
export function planResolverStop(key: Key, bridge: string, { observed }: PlanInput): Operation[] {
  const names = [...observed.resolvers.found.keys()].filter((name) => bridgeOf(name) === bridge);
  return names.map((name) => stop(key, name));
}

/** Ends those of bridges that have no manifest. */
export function planResolverRemovals({ desired, observed }: PlanInput): Operation[] {
  return [...observed.resolvers.found.keys()].flatMap((name) => {
    const key = keyOf('Bridge', '', bridgeOf(name));
    return desired.has(key) ? [] : [stop(key, name)];
  });
}

function bridgeOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

/** Its sockets for DHCP belong to one interface: to a bridge that was deleted and made anew it is deaf. */
function isRunning(
  { running }: ResolverView,
  wanted: DesiredResolver,
  device: ObservedInterface | undefined,
): boolean {
  return (
    running?.config === wanted.config && (device === undefined || running.interfaceIndex === device.index)
  );
}

function failed(message: string): Obstacle {
  return { reason: 'ResolverFailed', message: `dnsmasq: ${message}`, stalled: false };
}

function stop(key: Key, name: string): Operation {
  return {
    key,
    stage: 'stop-resolvers',
    verb: 'delete',
    object: `dnsmasq of ${name}`,
    commands: [{ tool: 'dnsmasq', action: 'stop', name }],
  };
}

function start(
  { key, resource }: Manifest<Bridge>,
  name: string,
  found: ResolverView | undefined,
  wanted: DesiredResolver,
  device: ObservedInterface | undefined,
): Operation {
  const { files } = wanted;
  return {
    key,
    stage: 'resolve',
    object: `dnsmasq of ${name}`,
    ...changeOf(found, wanted, device),
    commands: [{ tool: 'dnsmasq', action: 'start', name, interface: bridgeInterfaceOf(resource), files }],
  };
}

/** Why it is started. */
function changeOf(
  found: ResolverView | undefined,
  { config, data }: DesiredResolver,
  device: ObservedInterface | undefined,
): Pick<Operation, 'verb' | 'field' | 'from' | 'to' | 'follows'> {
  const running = found?.running;
  if (!running) return { verb: 'create' };
  if (running.config !== config)
    return { verb: 'update', field: 'configuration', from: running.config, to: config };
  if (device && running.interfaceIndex !== device.index)
    return {
      verb: 'update',
      field: 'interface index',
      from: `${running.interfaceIndex}`,
      to: `${device.index}`,
    };
  return { verb: 'update', field: 'leases', from: found.data ?? '', to: data, follows: true };
}

function reload(key: Key, name: string, { data = '' }: ResolverView, wanted: DesiredResolver): Operation {
  return {
    key,
    stage: 'resolve',
    verb: 'update',
    object: `dnsmasq of ${name}`,
    field: 'names',
    from: data,
    to: wanted.data,
    commands: [{ tool: 'dnsmasq', action: 'reload', name, files: wanted.files }],
    follows: true,
  };
}
