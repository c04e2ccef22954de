import type { Nft } from '../kernel/nft.ts';
import { overRate, renderSet } from '../netfilter/sets.ts';
import { type Layout, type OptionalFeature, layoutFor } from '../netfilter/skeleton.ts';

/** What this kernel can do of what lxcnet needs. */
export interface Features {
  readonly layout: Layout;
  /** What it lacks, and lxcnet can do without. */
  readonly missing: ReadonlySet<OptionalFeature>;
  /** What it lacks, and without which there is no filter, in words for people. */
  readonly unsupported?: string;
}

const inForward = (...rules: readonly string[]): string =>
  [
    'table inet lxcnet_probe {',
    'chain c {',
    'type filter hook forward priority 5;',
    ...rules,
    '}',
    '}',
    '',
  ].join('\n');

const OPTIONAL: Readonly<Record<OptionalFeature, string>> = {
  'bridge-filter':
    'table bridge lxcnet_probe {\nchain c {\ntype filter hook prerouting priority -300;\nether saddr 02:00:00:00:00:01 drop\n}\n}\n',
  bandwidth: `table bridge lxcnet_probe {\n${renderSet('bandwidth_egress')}\n}\nadd element bridge lxcnet_probe bandwidth_egress { "x" ${overRate('1000')} }\n`,
  'denied-log': `table inet lxcnet_probe {\nset s {\ntype ipv4_addr\nlimit rate 5/second burst 10 packets\n}\n}\n${inForward('log prefix "x" level info', 'log prefix "x" group 199')}`,
};

/** Of a table that could not be loaded as a whole these tell why. */
const NEEDED: readonly (readonly [name: string, probe: string])[] = [
  ['nf_tables for IPv4 and IPv6 (NF_TABLES_INET)', inForward()],
  ['connection tracking (NFT_CT)', inForward('ct state invalid drop')],
  ['lookups of local addresses (NFT_FIB_INET)', inForward('fib daddr type local accept')],
  [
    'address translation (NFT_NAT, NFT_MASQ)',
    'table inet lxcnet_probe {\nchain c {\ntype nat hook postrouting priority 105;\nmasquerade\n}\n}\n',
  ],
  [
    'sets of networks with ports (Linux 5.6)',
    'table inet lxcnet_probe {\nset s {\ntype ipv4_addr . inet_service\nflags interval\n}\n}\n',
  ],
];

/** Asks the kernel, by transactions that are checked and not carried out. */
export async function probeFeatures(nft: Pick<Nft, 'check'>): Promise<Features> {
  const whole = layoutFor();
  const problem = await nft.check(whole.replacement);
  // Whoever may not ask learns nothing; the first change will tell.
  if (problem === undefined || /not permitted|permission denied/i.test(problem)) {
    return { layout: whole, missing: new Set() };
  }
  const missing = new Set<OptionalFeature>();
  for (const [feature, probe] of Object.entries(OPTIONAL) as [OptionalFeature, string][])
    if ((await nft.check(probe)) !== undefined) missing.add(feature);
  const layout = layoutFor(missing);
  const rest = await nft.check(layout.replacement);
  if (rest === undefined) return { layout, missing };
  const lacking: string[] = [];
  for (const [name, probe] of NEEDED) if ((await nft.check(probe)) !== undefined) lacking.push(name);
  const what = lacking.length > 0 ? lacking.join(', ') : rest;
  return { layout, missing, unsupported: `this kernel does not support ${what}` };
}
