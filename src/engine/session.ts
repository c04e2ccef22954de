import { join, resolve } from 'node:path';
import { z } from 'zod';
import { bootId } from '../kernel/boot.ts';
import { Executor } from '../kernel/executor.ts';
import { Netlink } from '../kernel/netlink.ts';
import { Nft } from '../kernel/nft.ts';
import { Shells } from '../kernel/shell.ts';
import { Visitor } from '../kernel/visitor.ts';
import { Resolvers } from '../kernel/resolvers.ts';
import { KernelView } from '../kernel/view.ts';
import { type Features, probeFeatures } from './features.ts';
import { Inventory } from './inventory.ts';
import { type Phase } from './pass.ts';
import { Reconciler } from './reconciler.ts';
import { readState, writeState } from './state-file.ts';

/** What lxcnet's tables look like while nobody changes them: what is changed while no daemon runs is found out by it. */
const fingerprintSchema = z.object({ fingerprint: z.string() });

/** Everything that acts on the kernel, for one run of the program. */
export interface KernelSession {
  readonly features: Features;
  readonly view: KernelView;
  readonly netlink: Netlink;
  readonly nft: Nft;
  readonly resolvers: Resolvers;
  readonly inventory: Inventory;
  readonly reconciler: Reconciler;
  /** Ends the programs that stand by. */
  close(): void;
}

/** The program's own directories. */
export interface OwnDirectories {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** Opens the kernel and the inventory in the state directory. */
export async function openKernel(
  { stateDir, runtimeDir }: OwnDirectories,
  onPhase?: (phase: Phase, seconds: number) => void,
): Promise<KernelSession> {
  const fingerprintPath = join(stateDir, 'filter.json');
  const known = fingerprintSchema.safeParse(await readState(fingerprintPath));
  // Where it cannot be saved, the next run makes the tables anew once: that costs a moment, and is never wrong.
  const shells = new Shells();
  const netlink = new Netlink();
  const nft = new Nft(shells, netlink, known.data?.fingerprint, (fingerprint) => {
    void writeState(fingerprintPath, { fingerprint }).catch(() => undefined);
  });
  const visitor = new Visitor(netlink);
  const [features, inventory] = await Promise.all([
    probeFeatures(nft),
    bootId().then((boot) => Inventory.load(join(stateDir, 'inventory.json'), boot)),
  ]);
  const view = new KernelView(shells, netlink, nft, visitor, features.layout, features.missing);
  const resolvers = new Resolvers(resolve(runtimeDir));
  const executor = new Executor(netlink, visitor, resolvers);
  const reconciler = new Reconciler({
    view,
    resolvers,
    nft,
    executor,
    inventory,
    features,
    ...(onPhase && { onPhase }),
  });
  return {
    features,
    view,
    netlink,
    nft,
    resolvers,
    inventory,
    reconciler,
    close() {
      nft.close();
      shells.close();
      netlink.close();
      view.namespaces.processes.close();
    },
  };
}
