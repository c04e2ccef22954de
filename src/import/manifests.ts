import { acceptedOf } from './accept.ts';
import { makeBridges } from './bridges.ts';
import type { Candidate } from './candidate.ts';
import type { Facts } from './facts.ts';
import { makeForwards } from './forwards.ts';
import type { Ledger } from './ledger.ts';
import { makeLinks } from './links.ts';
import { addMasquerade } from './masquerade.ts';
import { makePolicies } from './policies.ts';
import { makeRoutes } from './routes.ts';
import type { Rule } from './rule.ts';
import type { PlacedRule } from './rule-book.ts';
import { type BridgeDraft, type LinkDraft, Topology } from './topology.ts';

/** Makes manifests of what all files say together, and tells the ledger what became of each line. */
export function makeManifests(facts: Facts, ledger: Ledger): readonly Candidate[] {
  const { settings, containers, routes, rules } = facts;
  const bridgeDrafts = makeBridges(settings, containers, ledger);
  const linkDrafts = makeLinks(containers, bridgeDrafts, ledger);
  const interfaces = acceptedOf(
    [...bridgeDrafts, ...linkDrafts].map(({ candidate }) => candidate),
    ledger,
  );
  const topology = topologyOf(interfaces, bridgeDrafts, linkDrafts, ledger);
  const standing = new Set([...topology.bridges, ...topology.links].map(({ candidate }) => candidate));
  addMasquerade(rules.chains('nat', 'POSTROUTING').flat(), topology, ledger);
  const mayDrop = dropsIn(rules.all());
  const policies = makePolicies(rules.chains('filter', 'FORWARD'), mayDrop, topology, ledger);
  tellClosed(rules.chains('nat', 'POSTROUTING').flat(), topology, policies, ledger);
  const made = acceptedOf(
    [
      ...interfaces.filter((candidate) => standing.has(candidate)),
      ...makeRoutes(routes, topology, ledger),
      ...makeForwards(rules.chains('nat', 'PREROUTING').flat(), topology, ledger),
      ...policies,
    ],
    ledger,
  );
  for (const { rule, table, chain } of rules.all()) {
    const reason = aboutChain(table.split('/')[0]!, chain);
    if (reason !== undefined) ledger.comment(rule.source, reason);
  }
  for (const { sources } of made) ledger.carry(...sources);
  return made;
}

/** A masquerade was all it took to reach the world, where FORWARD accepted everything; here it opens nothing. */
function tellClosed(
  rules: readonly Rule[],
  { bridges, links }: Topology,
  policies: readonly Candidate[],
  ledger: Ledger,
): void {
  if (links.length === 0 || policies.some(({ spec }) => 'egress' in spec)) return;
  const carried = new Set(bridges.flatMap(({ candidate }) => candidate.sources));
  for (const { source } of rules) {
    if (carried.has(source))
      ledger.comment(
        source,
        'carried over, but it opens nothing: containers are closed until a NetworkPolicy lets them out',
      );
  }
}

/** What remains of the drafts: a Link goes with its Bridge. */
function topologyOf(
  accepted: readonly Candidate[],
  bridges: readonly BridgeDraft[],
  links: readonly LinkDraft[],
  ledger: Ledger,
): Topology {
  const valid = new Set(accepted);
  const addressesOf = ({ spec }: Candidate): readonly string[] =>
    (spec.addresses as string[] | undefined) ?? [];
  const left = new Map(
    bridges
      .filter(({ candidate }) => valid.has(candidate))
      .map((draft) => [draft.candidate, { ...draft, addresses: addressesOf(draft.candidate) }]),
  );
  const attached = links.flatMap((draft) => {
    if (!valid.has(draft.candidate)) return [];
    const bridge = left.get(draft.bridge.candidate);
    if (bridge) return [{ ...draft, bridge, addresses: addressesOf(draft.candidate) }];
    for (const source of draft.candidate.sources)
      ledger.comment(source, 'no Link: there is no Bridge for it');
    return [];
  });
  return new Topology([...left.values()], attached);
}

/** Which chains may stop a packet that is handed to them. */
function dropsIn(rules: readonly PlacedRule[]): (chain: string) => boolean {
  const harmless = new Map<string, boolean>();
  for (const { chain, rule } of rules) {
    const { target } = rule;
    const passes =
      target.kind === 'accept' ||
      target.kind === 'pass' ||
      (target.kind === 'jump' && target.chain === 'RETURN');
    harmless.set(chain, passes && (harmless.get(chain) ?? true));
  }
  return (chain) => chain === 'RETURN' || harmless.get(chain) === false;
}

/** Why a chain is not carried over, where it is not. */
function aboutChain(table: string, chain: string): string | undefined {
  const place = `${table} ${chain}`;
  switch (place) {
    case 'nat PREROUTING':
    case 'nat POSTROUTING':
    case 'filter FORWARD':
      return undefined;
    case 'filter INPUT':
    case 'filter OUTPUT':
      return 'about the host itself, which lxcnet does not filter; a container reaches its services only by an egress rule';
    case 'nat OUTPUT':
      return 'not needed: with `hairpin` the host itself uses a forward, too';
    default:
      return `the chain ${chain.slice(0, 30)} of ${table.slice(0, 20)} has no counterpart in a manifest`;
  }
}
