import type { Nft } from '../kernel/nft.ts';
import {
  type ExpectedFilter,
  TABLE_QUERIES,
  elementQuery,
  whatIsMissing,
} from '../netfilter/filter-presence.ts';

/** The first thing that the kernel lacks of this, in words; nothing where it has all. */
export async function missingFilter(
  nft: Pick<Nft, 'query'>,
  expected: ExpectedFilter,
): Promise<string | undefined> {
  const [elements, ...tables] = await Promise.all([
    nft.query('-n -f -', elementQuery(expected)),
    ...TABLE_QUERIES.map((query) => nft.query(query)),
  ]);
  const refused = tables.find(({ stderr }) => stderr !== '' && !stderr.includes('No such file or directory'));
  if (refused) return `the filter cannot be looked at: ${refused.stderr.trim().split('\n')[0]}`;
  return whatIsMissing(
    expected,
    tables.map(({ stdout }) => stdout),
    elements.stdout,
  );
}
