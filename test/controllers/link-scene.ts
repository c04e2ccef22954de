import { planLink } from '../../controllers/link.ts';
import type { Bridge } from '../../src/api/bridge.ts';
import type { Key } from '../../src/api/key.ts';
import type { Link } from '../../src/api/link.ts';
import { bridgeMacOf, macAddressOf } from '../../src/api/naming.ts';
import type { Manifest } from '../../src/api/resource.ts';
import type { Claim } from '../../src/kernel/command.ts';
import type { ContainerView, LxcNic, ObservedInterface, ObservedRoute } from '../../src/kernel/observed.ts';
import { bridge, link } from '../support/manifests.ts';
import { observedRoute } from './claims.ts';
import { device, input, manifests, view } from './fixture.ts';

export const VM1 = 'Link/default/vm1' as Key;
export const ADOPT = { annotations: { 'lxcnet.dev/adopt': 'true' } };

/** How things stand; all as it should be before the Link is made, but for what is given. */
export interface Scene {
  readonly spec?: object;
  readonly metadata?: object;
  readonly bridgeSpec?: object;
  /** Interfaces of the host besides br0. */
  readonly host?: readonly ObservedInterface[];
  readonly br0?: ObservedInterface | undefined;
  readonly proxies?: readonly string[];
  readonly inventoryLost?: boolean;
  readonly inside?: ObservedInterface;
  readonly routes?: readonly ObservedRoute[];
  readonly container?: ContainerView;
  readonly claims?: readonly Claim[];
  /** What the kernel cannot do. */
  readonly missing?: readonly string[];
  /** What LXC's configuration says of its interface. */
  readonly lxcNic?: LxcNic;
}

const [BRIDGE, LINK] = manifests(bridge('br0'), link('vm1', 'vm1', 10)) as [Manifest<Bridge>, Manifest<Link>];
export const BR0 = device('br0', {
  index: 5,
  kind: 'bridge',
  alias: 'lxcnet:Bridge/br0',
  mac: bridgeMacOf(BRIDGE.resource),
});
/** Both ends of the pair as lxcnet leaves them, and what comes with them. */
export const HOST_END = device('lx-vm1', {
  index: 7,
  kind: 'veth',
  alias: `lxcnet:${VM1}`,
  master: 'br0',
  isolated: true,
  peerIndex: 2,
});
export const INSIDE = device('eth0', {
  index: 2,
  kind: 'veth',
  mac: macAddressOf(LINK.resource),
  peerIndex: 7,
  addresses: ['10.10.20.10/24', 'fd00:20::10/64'],
});
export const ROUTES = [
  observedRoute('0.0.0.0/0', { via: '10.10.20.1', interface: 'eth0' }),
  observedRoute('::/0', { via: 'fd00:20::1', interface: 'eth0' }),
];
export const PROXIES = ['br0 fd00:20::10'];
export const MADE = {
  host: [HOST_END],
  inside: INSIDE,
  routes: ROUTES,
  proxies: PROXIES,
  claims: PROXIES.map((id): Claim => ({ owner: VM1, object: 'proxy', id })),
};

/** What lxcnet would do for the Link vm1 of the Bridge br0. */
export function plan(scene: Scene) {
  const wanted = manifests(
    bridge('br0', (scene.bridgeSpec ?? {}) as never),
    link('vm1', 'vm1', 10, (scene.spec ?? {}) as never, (scene.metadata ?? {}) as never),
  );
  const running = {
    state: 'running',
    path: '/run/netns/vm1',
    identity: '4:1',
    cookie: '01',
    view: view(scene.inside ? [scene.inside] : [], scene.routes ?? []),
  } as const;
  const br0 = 'br0' in scene ? scene.br0 : BR0;
  return planLink(
    wanted[1] as Manifest<Link>,
    input(wanted, {
      host: view([...(br0 ? [br0] : []), ...(scene.host ?? [])], [], scene.proxies ?? []),
      containers: { [VM1]: scene.container ?? running },
      claims: scene.claims ?? [],
      inventoryLost: scene.inventoryLost ?? false,
      missing: scene.missing ?? [],
      lxcNics: scene.lxcNic ? { [VM1]: scene.lxcNic } : {},
    }),
  );
}
