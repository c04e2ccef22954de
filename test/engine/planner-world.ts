import type { PlanInput } from '../../controllers/plan.ts';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { Claim } from '../../src/kernel/command.ts';
import type { ContainerView, ObservedInterface, ResolverView } from '../../src/kernel/observed.ts';
import { desiredResolver } from '../../src/resolver/files.ts';
import { device, manifests, view } from '../controllers/fixture.ts';

/* A host and its manifests as a planner sees them, and ways for something in it to be another than before. */

export const NAMES = ['a', 'b', 'c'];
const API = 'lxcnet.dev/v1alpha1';
const bridge = (siblings: string, services: object = {}): object => ({
  apiVersion: API,
  kind: 'Bridge',
  metadata: { name: 'br0' },
  spec: { addresses: ['10.0.0.1/24', 'fd00::1/64'], siblings, ...services },
});
export const link = (name: string, spec: object): object => ({
  apiVersion: API,
  kind: 'Link',
  metadata: { name },
  spec: { bridge: 'br0', container: { netns: name }, addresses: ['10.0.0.9/24', 'fd00::9/64'], ...spec },
});
const forward = (name: string, target: string): object => ({
  apiVersion: API,
  kind: 'PortForward',
  metadata: { name },
  spec: { ports: [{ port: 80 }], link: { name: target } },
});

/** A way for something to be another than before; what it does not change stays the same object. */
type Change = (world: World, name: string, choice: number) => void;

/** What a planner plans from. */
export class World {
  desired = new Map<Key, Manifest>();
  interfaces = new Map<string, ObservedInterface>();
  proxies: ReadonlySet<string> = new Set();
  containers = new Map<Key, ContainerView>();
  claims = new Map<Key, readonly Claim[]>();
  all: readonly Claim[] = NONE;
  surroundings: PlanInput['observed']['surroundings'] = { foreign: [], listeners: [] };
  resolvers: PlanInput['observed']['resolvers'] = { installed: true, found: new Map() };

  constructor() {
    this.declare(bridge('Routed'));
    this.set(device('br0', { index: 10, kind: 'bridge', alias: 'lxcnet:Bridge/br0' }));
    for (const [at, name] of NAMES.entries()) {
      this.declare(link(name, {}));
      this.declare(forward(name, name));
      this.set(
        device(`lx-${name}`, {
          index: 20 + at,
          kind: 'veth',
          alias: `lxcnet:Link/default/${name}`,
          peerIndex: 2,
          master: 'br0',
        }),
      );
      const inside = device('eth0', { index: 2, kind: 'veth', peerIndex: 20 + at });
      this.contain(name, {
        state: 'running',
        path: `/run/netns/${name}`,
        identity: '1:1',
        cookie: '01',
        view: view([inside]),
      });
    }
  }

  declare(document: object): void {
    this.desired = new Map([...this.desired, ...manifests(document).map((one) => [one.key, one] as const)]);
  }

  forget(key: string): void {
    this.desired = new Map([...this.desired].filter(([other]) => other !== key));
  }

  claim(owner: Key, claims: readonly Claim[]): void {
    this.claims = new Map(this.claims).set(owner, claims);
    this.all = [...this.claims.values()].flat();
  }

  set(one: ObservedInterface): void {
    this.interfaces.set(one.name, one);
  }

  contain(name: string, container: ContainerView): void {
    this.containers.set(keyOf(name), container);
  }

  input(): PlanInput {
    const { claims, all } = this;
    return {
      desired: this.desired,
      claims: {
        find: (object, id) => all.find((claim) => claim.object === object && claim.id === id),
        of: (owner) => claims.get(owner) ?? NONE,
        all: () => all,
      },
      observed: {
        host: { interfaces: new Map(this.interfaces), routes: NO_ROUTES, proxies: this.proxies },
        containers: new Map(this.containers),
        lxcNics: new Map(),
        sysctls: new Map(),
        netfilter: { skeleton: 'present', elements: new Map() },
        surroundings: this.surroundings,
        resolvers: this.resolvers,
        missing: NOTHING_MISSING,
      },
    };
  }
}

const NONE: readonly Claim[] = [];
const NO_ROUTES: PlanInput['observed']['host']['routes'] = [];
const NOTHING_MISSING: ReadonlySet<string> = new Set();
export const keyOf = (name: string): Key => `Link/default/${name}` as Key;

export const CHANGES: Readonly<Record<string, Change>> = {
  nothing: () => undefined,
  port: (world, name, choice) => {
    const one = world.interfaces.get(`lx-${name}`);
    const rest = [
      { up: false },
      { master: 'br9' },
      { isolated: true },
      { mtu: 1400 },
      { alias: '' },
      { index: 77 },
    ];
    if (one) world.set({ ...one, ...rest[choice] });
  },
  'port gone': (world, name) => void world.interfaces.delete(`lx-${name}`),
  'port renamed': (world, name) => {
    const one = world.interfaces.get(`lx-${name}`);
    world.interfaces.delete(`lx-${name}`);
    if (one) world.set({ ...one, name: `veth${name}` });
  },
  'stranger in its place': (world, name) => world.set(device(`lx-${name}`, { index: 50, kind: 'dummy' })),
  bridge: (world, _, choice) => {
    const rest = [{ alias: '' }, { up: false }, { mtu: 1400 }, { alias: 'lxcnet:Bridge/br0' }, {}, {}];
    world.set(device('br0', { index: 10, kind: 'bridge', ...rest[choice] }));
  },
  'bridge gone': (world) => void world.interfaces.delete('br0'),
  container: (world, name, choice) => {
    const inside = device('eth0', { index: 2, kind: 'veth', peerIndex: 20 + NAMES.indexOf(name) });
    const rest = [
      { up: false },
      { mac: '02:00:00:00:00:01' },
      { addresses: ['10.0.0.7/24', '10.0.0.9/24'] },
      { peerIndex: 21 },
      {},
      {},
    ];
    world.contain(name, {
      state: 'running',
      path: `/run/netns/${name}`,
      identity: `1:${choice}`,
      cookie: `0${choice}`,
      view: view(choice === 5 ? [] : [{ ...inside, ...rest[choice] }]),
    });
  },
  'container gone': (world, name) => world.contain(name, { state: 'absent', reason: `no ${name}` }),
  proxies: (world, _, choice) => void (world.proxies = new Set(choice > 2 ? ['br0 fd00::9'] : [])),
  claims: (world, name, choice) => {
    const owner = keyOf(name);
    const all: readonly Claim[] = [
      { owner, object: 'interface', id: `lx-${name}` },
      { owner, object: 'interface', id: `veth${name}` },
      { owner, object: 'address', id: '10.0.0.7/24 dev eth0' },
      { owner, object: 'proxy', id: 'br0 fd00::9' },
    ];
    world.claim(
      owner,
      all.filter((_, index) => ((choice + 1) >> index) % 2 === 1),
    );
  },
  'claim of the bridge': (world) =>
    world.claim('Bridge/br0' as Key, [{ owner: 'Bridge/br0' as Key, object: 'interface', id: 'br0' }]),
  edit: (world, name, choice) => {
    const specs = [
      {},
      { mtu: 1300 },
      { hostInterface: `x${name}` },
      { addresses: ['10.0.0.9/24'] },
      { gateway: 'None' },
    ];
    world.declare(link(name, specs[choice] ?? {}));
  },
  'edit of the bridge': (world, _, choice) => world.declare(bridge(choice > 2 ? 'Switched' : 'Routed')),
  'services of the bridge': (world, _, choice) =>
    world.declare(
      bridge('Routed', { ...(choice % 2 === 0 && { dns: {} }), ...(choice > 2 && { dhcp: {} }) }),
    ),
  resolver: (world, _, choice) => {
    const { resource } = world.desired.get('Bridge/br0' as Key) ?? {};
    const wanted = resource?.kind === 'Bridge' && desiredResolver(resource, 'dns', world.desired);
    const config = wanted ? wanted.config : 'abc';
    const running = { config, interfaceIndex: 10 };
    const views: readonly ResolverView[] = [
      {},
      { running },
      { running, data: 'def' },
      { problem: { config, message: 'no memory' } },
      { running, ...(wanted && { data: wanted.data }) },
    ];
    const found = views[choice];
    world.resolvers = { installed: choice > 0, found: new Map(found ? [['br0/dns', found]] : []) };
  },
  removal: (world, name) => world.forget(keyOf(name)),
  'removal of the bridge': (world) => world.forget('Bridge/br0'),
  'target of a forward': (world, name, choice) => world.declare(forward(name, NAMES[choice % 3]!)),
  listeners: (world, _, choice) => {
    const one = { protocol: 'TCP', address: '0.0.0.0', port: 80 } as const;
    world.surroundings = { foreign: [], listeners: choice > 2 ? [one] : [] };
  },
};
