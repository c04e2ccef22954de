import type { Nft } from '../kernel/nft.ts';
import type { Layout } from '../netfilter/skeleton.ts';

/** Removes lxcnet's tables, where they are. @returns nft's words where it refuses. */
export function removeTables(nft: Nft, layout: Layout): Promise<string | undefined> {
  return nft.apply(layout.removal);
}
