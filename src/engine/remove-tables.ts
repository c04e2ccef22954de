import type { Nft } from '../kernel/nft.ts';
import { renderRemoval } from '../netfilter/skeleton.ts';

/** Removes lxcnet's tables, where they are. @returns nft's words where it refuses. */
export function removeTables(nft: Nft): Promise<string | undefined> {
  return nft.apply(renderRemoval());
}
