import type { Bridge } from '../api/bridge.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { type Manifest, resourceKey } from '../api/resource.ts';
import { type ResolverFiles, configDigest, dataDigest } from '../kernel/resolver-files.ts';
import { SERVICES, type Service, configText } from './config.ts';
import { leasesText, optionsText } from './leases.ts';
import { hostsText, isHostName, nameOf } from './names.ts';

type Manifests = ReadonlyMap<Key, Manifest>;

/** A dnsmasq's name: BRIDGE/SERVICE. */
export function resolverName(bridge: Bridge, service: Service): string {
  return `${bridge.metadata.name}/${service}`;
}

/** The names of those that the manifests ask for. */
export function resolverNames(desired: Manifests): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { resource } of desired.values())
    if (resource.kind === 'Bridge')
      for (const service of SERVICES) if (resource.spec[service]) names.add(resolverName(resource, service));
  return names;
}

/** What a dnsmasq is to read, and what identifies it. */
export interface DesiredResolver {
  readonly files: ResolverFiles;
  readonly config: string;
  readonly data: string;
}

/** What a bridge's dnsmasq is to read; `undefined` where the bridge does not ask for the service. */
export function desiredResolver(
  bridge: Bridge,
  service: Service,
  desired: Manifests,
): DesiredResolver | undefined {
  if (!bridge.spec[service]) return undefined;
  const basis = basisOf(desired);
  const name = resolverName(bridge, service);
  let found = basis.resolvers.get(name);
  if (!found) {
    const files = filesFor(bridge, service, basis);
    found = { files, config: configDigest(files), data: dataDigest(files.data) };
    basis.resolvers.set(name, found);
  }
  return found;
}

/** Links whose names DNS has no room for. */
export function unnamedLinks(desired: Manifests): readonly Key[] {
  return basisOf(desired).unnamed;
}

/** Names are those of all links; leases those of the bridge's own. */
function filesFor(bridge: Bridge, service: Service, { hosts, linksOf }: Basis): ResolverFiles {
  const config = configText(bridge, service);
  if (service === 'dns') return { config, data: { 'addn-hosts': hosts } };
  const links = linksOf.get(bridge.metadata.name) ?? [];
  const data = { 'dhcp-hostsfile': leasesText(bridge, links), 'dhcp-optsfile': optionsText(bridge, links) };
  return { config, data };
}

/** What is made once for the same manifests: every pass asks, and there may be thousands of links. */
interface Basis {
  readonly hosts: string;
  readonly unnamed: readonly Key[];
  readonly linksOf: ReadonlyMap<string, readonly Link[]>;
  readonly resolvers: Map<string, DesiredResolver>;
}
const memory = new WeakMap<Manifests, Basis>();

function basisOf(desired: Manifests): Basis {
  let basis = memory.get(desired);
  if (!basis) {
    const links = [...desired.values()].flatMap(({ resource }) =>
      resource.kind === 'Link' ? [resource] : [],
    );
    const linksOf = Map.groupBy(links, ({ spec }) => spec.bridge);
    const unnamed = links.filter((link) => !isHostName(nameOf(link))).map(resourceKey);
    basis = { hosts: hostsText(links), unnamed, linksOf, resolvers: new Map() };
    memory.set(desired, basis);
  }
  return basis;
}
