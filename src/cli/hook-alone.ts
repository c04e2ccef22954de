import { resolve } from 'node:path';
import { type Key, displayKey, keyOf } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { hostInterfaceOf } from '../api/naming.ts';
import type { Manifest } from '../api/resource.ts';
import { probeFeatures } from '../engine/features.ts';
import { filterOwners, linksNaming } from '../engine/lxc-actions.ts';
import { expectedFilter, missingFilter } from '../engine/missing-filter.ts';
import { splitRetained } from '../engine/retained.ts';
import { SavedState } from '../engine/saved-state.ts';
import { TrialFile, countsNoMore, scanOfBefore } from '../engine/trial.ts';
import type { Operation } from '../kernel/command.ts';
import type { LxcContainer } from '../api/lxc-container.ts';
import type { LxcProcess } from '../kernel/lxc.ts';
import { interfaceMarkedFor } from '../kernel/observed.ts';
import { Netlink } from '../kernel/netlink.ts';
import { Nft } from '../kernel/nft.ts';
import { Shells } from '../kernel/shell.ts';
import { buildNetfilter } from '../netfilter/build.ts';
import type { Layout } from '../netfilter/skeleton.ts';
import type { ExpectedFilter } from '../nftables/presence.ts';
import { scanDirectory } from '../source/scan.ts';
import { ManifestSource } from '../source/snapshot.ts';
import type { HookOptions } from './hook.ts';
import { withKernel } from './one-shot.ts';

/** What a hook finds without the daemon. */
export interface Finding {
  /** Whether a Link names the container. */
  readonly named: boolean;
  /** What is missing in the kernel, in words. */
  readonly missing?: string | undefined;
}

type Manifests = ReadonlyMap<Key, Manifest>;

/** Looks whether the filter of a container is in the kernel, by the manifests as the daemon would read them now. */
export async function missingWithoutDaemon(container: LxcContainer, options: HookOptions): Promise<Finding> {
  const manifests = await knownManifests(options);
  if (manifests.size === 0) return { named: true, missing: unknown(options) };
  const links = linksNaming(container, manifests);
  if (links.length === 0) return { named: false };
  const shells = new Shells();
  const netlink = new Netlink();
  const nft = new Nft(shells, netlink);
  try {
    const { layout } = await probeFeatures(nft);
    const portOf = ({ resource }: Manifest<Link>): string => hostInterfaceOf(resource);
    const { elements, ...rest } = expectation(manifests, links, portOf, layout);
    // What a port may send is not asked for: a veth that LXC makes has another name each time, and until the daemon has
    // taken it over it is a port that no manifest declares, which passes nothing.
    const ofAddresses = elements.filter(
      ({ set }) => set.atoms?.key[0] !== 'ifname' || set.name === 'bridges',
    );
    return { named: true, missing: await missingFilter(netlink, { ...rest, elements: ofAddresses }) };
  } finally {
    shells.close();
    netlink.close();
  }
}

/** Looks whether the network of a container is as its Links say, its filter included. */
export async function unfinishedWithoutDaemon(
  container: LxcContainer,
  process: LxcProcess,
  options: HookOptions,
): Promise<Finding> {
  const manifests = await knownManifests(options);
  if (manifests.size === 0) return { named: true, missing: unknown(options) };
  const links = linksNaming(container, manifests);
  if (links.length === 0) return { named: false };
  return withKernel(options, async ({ view, netlink, reconciler, features: { layout } }) => {
    const refusal = view.namespaces.processes.announce(container, process);
    if (refusal !== undefined) return { named: true, missing: refusal };
    const { plan, observed } = await reconciler.preview(only(links, manifests), false);
    for (const { key } of links) {
      const { obstacle, operations = [] } = plan.plans.get(key) ?? {};
      if (obstacle) return { named: true, missing: `${displayKey(key)}: ${obstacle.message}` };
      const open = operations.find((operation) => !isMark(operation));
      if (open) return { named: true, missing: `${displayKey(key)}: ${open.object} is not as specified` };
    }
    const portOf = ({ key, resource }: Manifest<Link>): string =>
      interfaceMarkedFor(observed.host, key)?.name ??
      plan.plans.get(key)?.operations.find(isMark)?.claim?.id ??
      hostInterfaceOf(resource);
    return {
      named: true,
      missing: await missingFilter(netlink, expectation(manifests, links, portOf, layout)),
    };
  });
}

/** Whether it only says whose an interface is. */
function isMark({ field }: Operation): boolean {
  return field === 'alias';
}

/** The links and their bridges. */
function only(links: readonly Manifest<Link>[], manifests: Manifests): Manifests {
  const bridges = links.map(({ resource }) => keyOf('Bridge', '', resource.spec.bridge));
  const keys = new Set([...links.map(({ key }) => key), ...bridges]);
  return new Map([...manifests].filter(([key]) => keys.has(key)));
}

function expectation(
  manifests: Manifests,
  links: readonly Manifest<Link>[],
  portOf: (link: Manifest<Link>) => string,
  layout: Layout,
): ExpectedFilter {
  const nowhere = new Map<string, Key>();
  const context = { addressesOf: () => [], portOf, guarded: { 4: nowhere, 6: nowhere }, strangers: nowhere };
  const { elements } = buildNetfilter(manifests.values(), context, layout.sets);
  return expectedFilter(filterOwners(links), elements, layout);
}

/** What was in force when the daemon last ran, and what the directory says since then. */
async function knownManifests({ stateDir, manifests: directory }: HookOptions): Promise<Manifests> {
  const { files, retained } = splitRetained((await new SavedState(stateDir).load()).sources);
  const source = new ManifestSource();
  source.restore(files);
  const scan = await scanDirectory(resolve(directory));
  const trial = await new TrialFile(stateDir).read();
  const { manifests } = source.update(trial && countsNoMore(trial, scan) ? scanOfBefore(trial) : scan);
  return new Map([...retained.map((manifest) => [manifest.key, manifest] as const), ...manifests]);
}

function unknown({ stateDir, manifests }: HookOptions): string {
  return `which Links it has is not known: there are no manifests in ${manifests}, nor in the state in ${stateDir}`;
}
