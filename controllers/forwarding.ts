import type { Bridge } from '../src/api/bridge.ts';
import type { Key } from '../src/api/key.ts';
import type { NetworkPolicy } from '../src/api/network-policy.ts';
import type { Manifest, Resource } from '../src/api/resource.ts';
import { interfaceName } from '../src/api/scalars.ts';
import type { Operation } from '../src/kernel/command.ts';
import { type NamespaceView, type Observed, markedKey } from '../src/kernel/observed.ts';
import { isElementName } from '../src/netfilter/elements.ts';
import type { GuardedInterfaces } from '../src/netfilter/build.ts';
import type { Claims, PlanInput } from './plan.ts';
import {
  type SysctlSetting,
  acceptRaPath,
  advertisedInterfaces,
  planSysctl,
  planSysctlRestores,
} from './sysctls.ts';
import { bridgeSysctls } from './bridge.ts';

const FORWARD_ALL = { 4: 'net/ipv4/ip_forward', 6: 'net/ipv6/conf/all/forwarding' } as const;
/** With br_netfilter a packet that is sent back into its bridge by destination NAT is dropped at an isolated port. */
const BRIDGE_NETFILTER = ['iptables', 'ip6tables', 'arptables'].map(
  (name) => `net/bridge/bridge-nf-call-${name}`,
);

/** What makes the host forward for its bridges, and for nothing else. */
export interface ForwardingPlan {
  readonly operations: readonly Operation[];
  /** Interfaces that would not forward if it were not for lxcnet: the filter lets them forward for lxcnet only. */
  readonly guarded: GuardedInterfaces;
}

/** Plans the sysctls that belong to no single bridge, on behalf of the first bridge; none, and all given back, without one. */
export function planForwarding({ desired, observed, claims }: PlanInput): ForwardingPlan {
  const bridges = bridgesOf(desired);
  const owner = bridges.map(({ key }) => key).sort()[0];
  if (owner === undefined) {
    return {
      operations: planSysctlRestores(new Set(), observed, claims, isOverruled),
      guarded: { 4: new Map(), 6: new Map() },
    };
  }
  const settings = [
    ...BRIDGE_NETFILTER.map((path) => ({ path, value: '0' })),
    ...forwardingSettings(desired, observed),
  ];
  const wanted = new Set(
    [...settings, ...bridges.flatMap(({ resource }) => bridgeSysctls(resource, []))].map(({ path }) => path),
  );
  return {
    operations: [
      ...settings.flatMap((setting) => planSysctl(owner, setting, observed, claims)),
      ...planSysctlRestores(wanted, observed, claims, isOverruled),
    ],
    guarded: {
      4: guarded(4, owner, settings, observed, claims),
      6: guarded(6, owner, settings, observed, claims),
    },
  };
}

/** Where somebody else has switched forwarding on for the whole host, switching it off again is not ours to do. */
function isOverruled(path: string, observed: Observed): boolean {
  const family = path.startsWith('net/ipv4/') ? 4 : 6;
  return (
    /^net\/ipv[46]\/conf\/[^/]+\/(force_)?forwarding$/.test(path) &&
    path !== FORWARD_ALL[family] &&
    observed.sysctls.get(FORWARD_ALL[family]) === '1'
  );
}

/** Every sysctl that a plan for these manifests may look at. */
export function sysctlPaths(
  desired: ReadonlyMap<Key, Manifest>,
  host: NamespaceView,
  claims: Claims,
): string[] {
  const bridges = bridgesOf(desired);
  const claimed = claims
    .all()
    .filter(({ object }) => object === 'sysctl')
    .map(({ id }) => id);
  const uplinks = bridges.length > 0 ? uplinkNames(desired, host) : [];
  return [
    ...new Set([
      ...claimed,
      ...(bridges.length > 0 ? BRIDGE_NETFILTER : []),
      ...(bridges.length > 0 ? advertisedInterfaces(host).map(acceptRaPath) : []),
      FORWARD_ALL[4],
      FORWARD_ALL[6],
      ...bridges.flatMap(({ resource }) => bridgeSysctls(resource, []).map(({ path }) => path)),
      ...uplinks.flatMap((name) => [forwardingPath(4, name), forwardingPath(6, name), acceptRaPath(name)]),
    ]),
  ];
}

function forwardingPath(family: 4 | 6, name: string): string {
  // Unlike `forwarding`, `force_forwarding` leaves router advertisements alone, so learnt default routes stay.
  return family === 4 ? `net/ipv4/conf/${name}/forwarding` : `net/ipv6/conf/${name}/force_forwarding`;
}

function bridgesOf(desired: ReadonlyMap<Key, Manifest>): Manifest<Bridge>[] {
  return [...desired.values()].filter(
    (manifest): manifest is Manifest<Bridge> => manifest.resource.kind === 'Bridge',
  );
}

function forwardingSettings(desired: ReadonlyMap<Key, Manifest>, observed: Observed): SysctlSetting[] {
  const names = uplinkNames(desired, observed.host);
  const perInterface = ([4, 6] as const).flatMap((family) =>
    names.map((name) => ({ path: forwardingPath(family, name), value: '1' })),
  );
  const lacksForce =
    names.length > 0 && names.every((name) => !observed.sysctls.has(forwardingPath(6, name)));
  if (!lacksForce || !observed.sysctls.has(FORWARD_ALL[6])) return perInterface;
  // An older kernel forwards IPv6 for all interfaces or none. A router ignores router advertisements unless accept_ra is 2.
  const keepRoutes = names
    .map(acceptRaPath)
    .filter((path) => ['1', '2'].includes(observed.sysctls.get(path) ?? ''));
  return [
    ...perInterface,
    ...keepRoutes.map((path) => ({ path, value: '2' })),
    { path: FORWARD_ALL[6], value: '1' },
  ];
}

function guarded(
  family: 4 | 6,
  owner: Key,
  settings: readonly SysctlSetting[],
  observed: Observed,
  claims: Claims,
): ReadonlyMap<string, Key> {
  const all = observed.sysctls.get(FORWARD_ALL[family]);
  const switchedOnAll =
    claims.find('sysctl', FORWARD_ALL[family])?.before === '0' ||
    settings.some(({ path }) => path === FORWARD_ALL[family] && all === '0');
  if (all === '1' && !switchedOnAll) return new Map();
  const names = [...observed.host.interfaces.values()]
    .filter(isForeign)
    .map(({ name }) => name)
    .filter(isElementName);
  const wanted = new Set(settings.map(({ path }) => path));
  return new Map(
    names
      .filter((name) => {
        if (switchedOnAll) return true;
        const path = forwardingPath(family, name);
        const before = claims.find('sysctl', path)?.before ?? observed.sysctls.get(path);
        return wanted.has(path) && before === '0';
      })
      .map((name) => [name, owner]),
  );
}

/** Through which interfaces packets for or from containers are to come in, besides lxcnet's own. */
interface Uplinks {
  readonly named: ReadonlySet<string>;
  /** Every one that has an address. */
  readonly every: boolean;
}

/** Found once for each set of manifests. */
const knownUplinks = new WeakMap<ReadonlyMap<Key, Manifest>, Uplinks>();

function uplinksOf(desired: ReadonlyMap<Key, Manifest>): Uplinks {
  const known = knownUplinks.get(desired);
  if (known) return known;
  const wishes = [...desired.values()].map(({ resource }) => interfacesOf(resource));
  const named = new Set(wishes.flatMap((wish) => (wish === 'every' ? [] : wish)));
  const uplinks = { named, every: wishes.includes('every') };
  knownUplinks.set(desired, uplinks);
  return uplinks;
}

function uplinkNames(desired: ReadonlyMap<Key, Manifest>, host: NamespaceView): string[] {
  const { named, every } = uplinksOf(desired);
  return [...host.interfaces.values()]
    .filter(
      (device) =>
        isForeign(device) &&
        interfaceName.safeParse(device.name).success &&
        (named.has(device.name) || (every && device.addresses.length > 0)),
    )
    .map(({ name }) => name);
}

function isForeign(
  device: { loopback: boolean; alias: string; master?: string } & Parameters<typeof markedKey>[0],
): boolean {
  return !device.loopback && markedKey(device) === undefined && device.master === undefined;
}

function interfacesOf(resource: Resource): readonly string[] | 'every' {
  switch (resource.kind) {
    case 'Bridge': {
      if (resource.spec.defaultPolicy === 'Allow') return 'every';
      return resource.spec.masquerade ? (resource.spec.masquerade.interfaces ?? 'every') : [];
    }
    case 'PortForward':
      return resource.spec.interfaces ?? 'every';
    case 'NetworkPolicy':
      return reachesOutside(resource) ? 'every' : [];
    default:
      return [];
  }
}

/** Whether a policy allows anything but other Links. */
function reachesOutside({ spec }: NetworkPolicy): boolean {
  const peers = [...(spec.ingress ?? []).map(({ from }) => from), ...(spec.egress ?? []).map(({ to }) => to)];
  return peers.some((list) => !list?.length || list.some(({ ipBlock }) => ipBlock !== undefined));
}
