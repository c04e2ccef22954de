import type { Manifest } from '../../src/api/resource.ts';
import type { ElementTexts } from '../../src/kernel/observed.ts';
import { type DesiredNetfilter, buildNetfilter } from '../../src/netfilter/build.ts';
import { elementDifference, renderDifference } from '../../src/netfilter/difference.ts';
import type { ElementTable } from '../../src/netfilter/elements.ts';
import { layoutFor } from '../../src/netfilter/skeleton.ts';
import { hostInterfaceOf } from '../../src/api/naming.ts';
import { manifest } from '../netfilter/fixture.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

/*
 * Manifests of a host of any size. Link 0 is the one that is measured, and it is the same in all of them: it may send to
 * and be reached from UPLINK_NETWORK at every port, by an ipBlock, which is what is looked up last of all.
 */

const UPLINK_NETWORK = '192.168.254.0/24';
export const HOST_ADDRESS = '192.168.254.19';
const LINKS_PER_BRIDGE = 1000;

export interface Size {
  readonly links: number;
  readonly policies: number;
  readonly forwards: number;
  /** One in so many policies has ipBlocks and port ranges, which become elements of interval sets; 10 by default. */
  readonly oneBlockIn?: number;
}

const bridgeOf = (index: number): number => Math.floor(index / LINKS_PER_BRIDGE);

export function addressOf(index: number): string {
  const inBridge = (index % LINKS_PER_BRIDGE) + 2;
  return `10.${77 + bridgeOf(index)}.${inBridge >> 8}.${inBridge & 255}`;
}

/** A link's manifest; its `app` label is its name, unless another is given. */
export function linkManifest(index: number, labels: Readonly<Record<string, string>> = {}): Manifest {
  const name = `c${index}`;
  return manifest(
    link(
      name,
      name,
      0,
      { bridge: `br${bridgeOf(index)}`, addresses: [`${addressOf(index)}/16`] },
      { labels: { app: name, tier: `t${index >> 2}`, ...labels } },
    ),
  );
}

/** A forward of the host's port 10000 + index; one in ten is for some sources only. */
export function forwardManifest(
  index: number,
  target: number,
  sources: readonly string[] | undefined = index % 10 === 9
    ? [`172.${16 + (index & 15)}.${(index >> 4) & 255}.0/24`]
    : undefined,
): Manifest {
  const port = { port: 10_000 + index, targetPort: 80 };
  const ports = index === 0 ? [port, { ...port, protocol: 'UDP' }] : [port];
  return manifest(forward(`f${index}`, `c${target}`, ports, sources?.length ? { sources } : {}));
}

/** The n-th policy: egress of each link, then ingress of each link, and so on. */
function policyManifest(index: number, { links, oneBlockIn = 10 }: Size): Manifest {
  const target = index % links;
  const round = Math.floor(index / links);
  const measured = target === 0 && round < 2;
  const peers =
    measured || index % oneBlockIn === oneBlockIn - 1
      ? [
          {
            ipBlock: {
              cidr: measured ? UPLINK_NETWORK : `172.${16 + (index & 15)}.${(index >> 4) & 255}.0/24`,
            },
          },
        ]
      : [{ podSelector: { matchLabels: { tier: `t${((target * 7) % links) >> 2}` } } }];
  const ports = measured
    ? [{ protocol: 'UDP', port: 1, endPort: 65535 }]
    : [{ port: 80 + round }, { port: 443 }];
  return manifest(
    policy(
      `p${index}`,
      `c${target}`,
      round % 2 === 0
        ? {
            policyTypes: ['Egress'],
            egress: [{ to: peers, ports }, { ports: [{ protocol: 'UDP', port: 53 }] }],
          }
        : { policyTypes: ['Ingress'], ingress: [{ from: peers, ports }] },
    ),
  );
}

export function worldOf(size: Size): readonly Manifest[] {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  return [
    ...numbers(bridgeOf(size.links - 1) + 1).map((index) =>
      manifest(bridge(`br${index}`, { addresses: [`10.${77 + index}.0.1/16`] })),
    ),
    ...numbers(size.links).map((index) => linkManifest(index)),
    ...numbers(size.policies).map((index) => policyManifest(index, size)),
    ...numbers(size.forwards).map((index) => forwardManifest(index, index % size.links)),
  ];
}

/** What lxcnet makes of manifests. */
export function netfilterOf(manifests: Iterable<Manifest>): DesiredNetfilter {
  return buildNetfilter(manifests, {
    addressesOf: (name) => (name === 'eth0' ? [HOST_ADDRESS] : []),
    portOf: ({ resource }) => hostInterfaceOf(resource),
    guarded: { 4: new Map(), 6: new Map() },
    strangers: new Map(),
  });
}

/** The elements as a listing of the kernel's would have them. */
export function textsOf(elements: ElementTable): ElementTexts {
  return new Map(
    [...elements].map(([set, members]) => [
      set,
      new Map([...members].map(([key, { value }]) => [key, value])),
    ]),
  );
}

/** The transaction with which lxcnet starts on a host that has none of its tables. */
export function firstTransaction(elements: ElementTable): string {
  return layoutFor().replacement + renderDifference(elementDifference(elements, new Map()));
}

/** The transaction that an edit becomes. */
export function editTransaction(before: ElementTexts, after: ElementTable): string {
  return renderDifference(elementDifference(after, before));
}
