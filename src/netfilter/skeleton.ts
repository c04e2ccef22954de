import { createHash } from 'node:crypto';
import { bridgeChains } from './bridge-chains.ts';
import { chain } from './chain.ts';
import { ROLES, flowChains, unknownChain } from './flow-chains.ts';
import { natChains } from './nat-chains.ts';
import { SETS, SET_NAMES, type Table, renderSet } from './sets.ts';

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

function inetChains(): string[] {
  return [
    unknownChain('iifname'),
    unknownChain('oifname'),
    ...ROLES.flatMap((roles) => [...flowChains('4', roles), ...flowChains('6', roles)]),
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
      'meta nfproto ipv4 jump egress_original4',
      'meta nfproto ipv6 jump egress_original6',
      'meta priority set 0:0',
      'accept',
    ]),
    chain('forward', [
      'type filter hook forward priority 5; policy accept;',
      'iifname @bridges goto links',
      'oifname @bridges goto links',
      // Forwarding was switched on for these interfaces, for our sake only.
      'meta nfproto ipv4 iifname @guarded4 drop',
      'meta nfproto ipv6 iifname @guarded6 drop',
    ]),
    chain('input', ['type filter hook input priority 5; policy accept;', 'iifname @bridges goto host']),
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

function table(family: Table, chains: readonly string[]): string {
  const sets = SET_NAMES.filter((name) => SETS[name].table === family).map(renderSet);
  return [`table ${family} lxcnet {`, ...sets, ...chains, chain(LAYOUT, []), '}'].join('\n');
}

/** The name of an empty chain that carries the layout's digest: another version of lxcnet sees that it must replace it. */
export const LAYOUT = `layout_${createHash('sha256')
  .update([...SET_NAMES.map(renderSet), ...inetChains(), ...bridgeChains()].join('\n'))
  .digest('hex')
  .slice(0, 16)}`;

/** One transaction that puts empty tables in the place of whatever lxcnet had. */
export function renderSkeleton(): string {
  const families: readonly [Table, readonly string[]][] = [
    ['inet', inetChains()],
    ['bridge', bridgeChains()],
  ];
  return families
    .flatMap(([family, chains]) => [
      `add table ${family} lxcnet`,
      `delete table ${family} lxcnet`,
      table(family, chains),
      '',
    ])
    .join('\n');
}

/** One transaction that removes lxcnet's tables, whether they are there or not. */
export function renderRemoval(): string {
  return (['inet', 'bridge'] as const)
    .map((family) => `add table ${family} lxcnet\ndelete table ${family} lxcnet\n`)
    .join('');
}
