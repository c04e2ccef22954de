import type { Claims, PlanInput } from '../../controllers/plan.ts';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { Claim, Operation } from '../../src/kernel/command.ts';
import {
  type ContainerView,
  type LxcNic,
  type NamespaceView,
  type ObservedInterface,
  type ObservedRoute,
  type ResolversView,
  markedKey,
} from '../../src/kernel/observed.ts';
import type { Surroundings } from '../../src/kernel/surroundings.ts';
import { parseManifests } from '../../src/source/parse.ts';

/** Parses documents; a mistake in one is a mistake in the test. */
export function manifests(...documents: readonly object[]): readonly Manifest[] {
  const parsed = parseManifests(
    'f.yaml',
    documents.map((document) => JSON.stringify(document)).join('\n---\n'),
  );
  if (parsed.errors.length > 0) throw new Error(JSON.stringify(parsed.errors));
  return parsed.manifests;
}

export function device(name: string, rest: Partial<ObservedInterface> = {}): ObservedInterface {
  return {
    index: 1,
    name,
    kind: '',
    alias: '',
    mac: '',
    mtu: 1500,
    up: true,
    loopback: false,
    isolated: false,
    linkLocal: true,
    addresses: [],
    ...rest,
  };
}

export function view(
  interfaces: readonly ObservedInterface[],
  routes: readonly ObservedRoute[] = [],
  proxies: readonly string[] = [],
): NamespaceView {
  return {
    interfaces: new Map(interfaces.map((each) => [each.name, each])),
    routes,
    proxies: new Set(proxies),
  };
}

interface World {
  readonly host?: NamespaceView;
  readonly containers?: Readonly<Record<string, ContainerView>>;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Besides those of marked interfaces that have a manifest. */
  readonly claims?: readonly Claim[];
  /** Then there are only the claims above. */
  readonly inventoryLost?: boolean;
  readonly surroundings?: Partial<Surroundings>;
  readonly missing?: readonly string[];
  readonly lxcNics?: Readonly<Record<string, LxcNic>>;
  readonly resolvers?: Partial<ResolversView>;
}

/** A plan's input: what is wanted, and the world as it was seen. */
export function input(
  desired: readonly Manifest[],
  {
    host = view([]),
    containers = {},
    sysctls = {},
    claims = [],
    inventoryLost = false,
    surroundings = {},
    missing = [],
    lxcNics = {},
    resolvers = {},
  }: World = {},
): PlanInput {
  return {
    desired: new Map(desired.map((manifest) => [manifest.key, manifest])),
    observed: {
      host,
      containers: new Map(Object.entries(containers) as [Key, ContainerView][]),
      lxcNics: new Map(Object.entries(lxcNics).map(([key, nic]) => [key as Key, [nic]])),
      sysctls: new Map(Object.entries(sysctls)),
      netfilter: { skeleton: 'absent', elements: new Map() },
      surroundings: { foreign: [], listeners: [], ...surroundings },
      resolvers: { installed: true, found: new Map(), ...resolvers },
      missing: new Set(missing),
    },
    claims: claimsOf(
      inventoryLost
        ? claims
        : [
            ...claims,
            ...claimsOfMarked(desired, host).filter(({ id }) => !claims.some((claim) => claim.id === id)),
          ],
    ),
  };
}

function claimsOfMarked(desired: readonly Manifest[], { interfaces }: NamespaceView): Claim[] {
  const keys = new Set(desired.map(({ key }) => key));
  return [...interfaces.values()].flatMap((device) => {
    const owner = markedKey(device) as Key | undefined;
    return owner !== undefined && keys.has(owner) ? [{ owner, object: 'interface', id: device.name }] : [];
  });
}

function claimsOf(claims: readonly Claim[]): Claims {
  return {
    find: (object, id) => claims.find((claim) => claim.object === object && claim.id === id),
    of: (owner) => claims.filter((claim) => claim.owner === owner),
    all: () => claims,
  };
}

/** Operations as lines: stage, and the command. */
export function lines(operations: readonly Operation[]): string[] {
  return operations.flatMap(({ stage, commands }) =>
    commands.map((command) => {
      if (command.tool === 'ip')
        return `${stage}: ip ${[...command.args, ...(command.into ? ['into', command.into.path] : [])].join(' ')}`;
      if (command.tool === 'sysctl') return `${stage}: ${command.path}=${command.value}`;
      return `${stage}: ${command.action} dnsmasq of ${command.name}`;
    }),
  );
}
