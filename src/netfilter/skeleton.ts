import { createHash } from 'node:crypto';
import type { NamedSet } from '../kernel/observed.ts';
import { bridgeChains } from './bridge-chains.ts';
import { chain } from './chain.ts';
import { type FlowOptions, ROLES, flowChains, unknownChain } from './flow-chains.ts';
import { natChains } from './nat-chains.ts';
import { SETS, SET_NAMES, type SetName, type Table, isRateSet, renderSet } from './sets.ts';

/*
 * The chains of lxcnet's tables: fixed text. Whether a packet passes is decided by the flow that it belongs to (source
 * before NAT, destination and port after), looked up anew for every packet and in both directions. So a change of
 * policy holds for running flows at once, and nothing has to be remembered in or deleted from conntrack.
 *
 * `meta priority` carries the number of the policies that apply, because it is the one field of a packet that others
 * neither set before us nor read after us; it is zeroed again. Addresses that are not known drop.
 */

const DISPATCH = `ct direction . meta nfproto vmap { ${ROLES.flatMap(({ direction }) =>
  ['4', '6'].map((f) => `${direction} . ipv${f} : goto ${direction}${f}`),
).join(', ')} }`;

const DNS = 'meta l4proto { tcp, udp } th dport 53';

function inetChains(options: FlowOptions): string[] {
  return [
    unknownChain('iifname'),
    unknownChain('oifname'),
    ...ROLES.flatMap((roles) => [...flowChains('4', roles, options), ...flowChains('6', roles, options)]),
    chain('links', [
      'ct state { invalid, untracked } drop',
      'ct state related meta l4proto { icmp, ipv6-icmp } accept',
      DISPATCH,
      'drop',
    ]),
    chain('host', [
      // Neighbour discovery is not tracked, so it comes before everything that asks conntrack.
      'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
      'ct state invalid drop',
      'ct direction reply accept',
      'ct state related meta l4proto { icmp, ipv6-icmp } accept',
      `${DNS} jump resolver`,
      // DHCP has its client's lease renewed by unicast; before, the client has no address of its own.
      'udp sport 68 udp dport 67 iifname . ip daddr @dhcp_servers accept',
      'meta nfproto ipv4 jump egress_original4',
      'meta nfproto ipv6 jump egress_original6',
      'meta priority set 0:0',
      'accept',
    ]),
    // A bridge's resolver is for the links of this bridge, whatever policies say, and for nobody else but the host.
    chain('resolver', [
      'iifname . ip daddr @resolvers4 ip saddr @denied_egress4 accept',
      'iifname . ip6 daddr @resolvers6 ip6 saddr @denied_egress6 accept',
      'iifname . ip daddr @resolvers4 return',
      'iifname . ip6 daddr @resolvers6 return',
      'ip daddr @resolver_addresses4 drop',
      'ip6 daddr @resolver_addresses6 drop',
    ]),
    chain('forward', [
      'type filter hook forward priority 5; policy accept;',
      'iifname @bridges goto links',
      'oifname @bridges goto links',
      // Forwarding was switched on for these interfaces, for our sake only.
      'meta nfproto ipv4 iifname @guarded4 drop',
      'meta nfproto ipv6 iifname @guarded6 drop',
    ]),
    chain('input', [
      'type filter hook input priority 5; policy accept;',
      'iifname @bridges goto host',
      `iifname != "lo" ${DNS} jump resolver`,
    ]),
    chain('output', [
      'type filter hook output priority 5; policy accept;',
      // A redirect would tell a container to try its sibling directly, which an isolated port does not let through.
      'oifname @bridges icmpv6 type nd-redirect drop',
      'oifname @bridges icmp type redirect drop',
    ]),
    chain('martians', [
      // A bridge with a forward from 127.0.0.1 has route_localnet on; its containers must not reach it for that.
      'type filter hook prerouting priority -310; policy accept;',
      'iifname @bridges ip daddr 127.0.0.0/8 drop',
      'iifname @bridges ip saddr 127.0.0.0/8 drop',
    ]),
    ...natChains(),
  ];
}

/** What a kernel may lack, and lxcnet can do without: each is visible where it is missed. */
export type OptionalFeature = 'bridge-filter' | 'denied-log' | 'bandwidth';

/** The tables as one kernel can hold them. */
export interface Layout {
  /** The name of an empty chain with the layout's digest: another version of lxcnet sees that it must replace it. */
  readonly chain: string;
  readonly families: readonly Table[];
  readonly sets: readonly SetName[];
  /** The same, as they are listed. */
  readonly named: ReadonlyMap<string, NamedSet>;
  /** One transaction that puts empty tables in the place of whatever lxcnet had. */
  readonly replacement: string;
  /** One transaction that removes lxcnet's tables, whether they are there or not. */
  readonly removal: string;
  /** How many rules each chain has, by `FAMILY CHAIN`: who sees another number sees that somebody has changed them. */
  readonly chainSizes: Readonly<Record<string, number>>;
}

/** The tables for a kernel without these features. */
export function layoutFor(missing: ReadonlySet<OptionalFeature> = new Set()): Layout {
  const families: readonly Table[] = missing.has('bridge-filter') ? ['inet'] : ['inet', 'bridge'];
  const logged = !missing.has('denied-log');
  const bandwidth = !missing.has('bandwidth');
  const sets = SET_NAMES.filter(
    (name) =>
      families.includes(SETS[name].table) &&
      (logged || !name.startsWith('logged')) &&
      (bandwidth || !/^(bandwidth|throttled)_/.test(name)),
  );
  const chains: Readonly<Record<Table, readonly string[]>> = {
    inet: inetChains({ logged }),
    bridge: bridgeChains({ bandwidth }),
  };
  const digest = createHash('sha256')
    .update([...sets.map(renderSet), ...families.flatMap((family) => chains[family])].join('\n'))
    .digest('hex');
  const name = `layout_${digest.slice(0, 16)}`;
  const table = (family: Table): string => {
    const own = sets.filter((set) => SETS[set].table === family).map(renderSet);
    return [`table ${family} lxcnet {`, ...own, ...chains[family], chain(name, []), '}'].join('\n');
  };
  const removal = families
    .map((family) => `add table ${family} lxcnet\ndelete table ${family} lxcnet\n`)
    .join('');
  const replacement = families
    .map((family) => `add table ${family} lxcnet\ndelete table ${family} lxcnet\n${table(family)}\n`)
    .join('');
  const chainSizes = Object.fromEntries(
    families.flatMap((family) => chains[family].map((text) => chainSize(family, text))),
  );
  return { chain: name, families, sets, named: namedSets(sets), replacement, removal, chainSizes };
}

function namedSets(sets: readonly SetName[]): ReadonlyMap<string, NamedSet> {
  const named = sets.map((name): NamedSet => {
    const { table, key, value = [], interval = false } = SETS[name];
    const named = { family: table, name } as const;
    if (isRateSet(name)) return { ...named, kind: 'set' };
    const kind = value.length > 0 ? 'map' : 'set';
    return { ...named, kind, ...(!interval && { atoms: { key, value } }) };
  });
  return new Map(named.map((set) => [set.name, set]));
}

function chainSize(family: Table, text: string): [name: string, rules: number] {
  const [head = '', ...rules] = text.split('\n').slice(0, -1);
  const name = head.trim().split(' ')[1] ?? '';
  return [`${family} ${name}`, rules.filter((rule) => !rule.startsWith('    type ')).length];
}
