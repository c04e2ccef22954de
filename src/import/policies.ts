import { type Candidate, Names } from './candidate.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { Obstacles } from './obstacles.ts';
import { type Rule, isAboutNew } from './rule.ts';
import { type Side, sideOf } from './sides.ts';
import type { LinkDraft, Topology } from './topology.ts';

/** As many rules as a NetworkPolicy may have. */
const MOST_RULES = 1000;
/** Rules of all policies together. */
const MOST_ENTRIES = 10_000;

type Direction = 'Ingress' | 'Egress';

interface Draft {
  readonly name: string;
  readonly links: readonly LinkDraft[];
  readonly direction: Direction;
  readonly rules: object[];
  readonly sources: SourceLine[];
}

/** Makes NetworkPolicies of what the chains FORWARD accept. */
export function makePolicies(
  chains: readonly (readonly Rule[])[],
  mayDrop: (chain: string) => boolean,
  topology: Topology,
  ledger: Ledger,
): readonly Candidate[] {
  const maker = new PolicyMaker(topology);
  const obstacles = new Obstacles(chains, mayDrop);
  chains.forEach((rules, chain) => {
    rules.forEach((rule, index) => {
      const reason =
        rule.target.kind === 'accept'
          ? (obstacles.before(chain, index) ?? maker.add(rule))
          : aboutOther(rule);
      if (reason !== undefined) ledger.comment(rule.source, reason);
    });
  });
  return maker.candidates();
}

function aboutOther({ target, unsupported }: Rule): string {
  if (target.kind === 'drop') return 'not needed: what nothing allows is closed';
  if (target.kind === 'pass')
    return unsupported ?? 'packets are not logged or marked: a policy only lets pass';
  if (target.kind === 'jump') return `the chain ${target.chain.slice(0, 30)} is not followed`;
  return 'not recognised';
}

class PolicyMaker {
  readonly #topology: Topology;
  readonly #drafts = new Map<string, Draft>();
  readonly #names = new Names();
  #entries = 0;

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  candidates(): readonly Candidate[] {
    return [...this.#drafts.values()].map(({ name, links, direction, rules, sources }) => ({
      kind: 'NetworkPolicy',
      name,
      spec: {
        podSelector: selectorOf(links),
        policyTypes: [direction],
        [direction === 'Ingress' ? 'ingress' : 'egress']: rules,
      },
      sources,
    }));
  }

  /** @returns why it, or a part of it, is not carried over. */
  add(rule: Rule): string | undefined {
    if (!isAboutNew(rule)) return 'not needed: replies to what is allowed always pass';
    if (rule.unsupported !== undefined) return rule.unsupported;
    const { protocol } = rule;
    if (protocol !== undefined && !/^(TCP|UDP|SCTP)$/.test(protocol))
      return 'a policy knows TCP, UDP and SCTP; errors and neighbour discovery pass by themselves';
    const from = sideOf(rule, 'source', this.#topology);
    const to = sideOf(rule, 'destination', this.#topology);
    if ('refused' in from) return from.refused;
    if ('refused' in to) return to.refused;
    if (!from.links && !to.links) return 'names no container that is given here, nor a bridge of theirs';
    const reasons = [
      to.links && this.#allow('Ingress', to, from, rule),
      from.links && this.#allow('Egress', from, to, rule),
    ];
    return reasons.find((reason) => reason !== undefined) ?? from.leftOut ?? to.leftOut ?? rule.leftOut;
  }

  #allow(direction: Direction, own: Side, other: Side, rule: Rule): string | undefined {
    const { blocks } = other;
    const ports = portsOf(rule);
    const peers = blocks?.map((ipBlock) => ({ ipBlock }));
    const entry = {
      ...(peers && { [direction === 'Ingress' ? 'from' : 'to']: peers }),
      ...(ports && { ports }),
    };
    // An empty list would mean everyone.
    if (peers?.length === 0) return 'no address of the other end is known';
    if ((peers?.length ?? 0) > MOST_RULES || (ports?.length ?? 0) > MOST_RULES)
      return 'too many addresses or ports';
    const bridge = own.links!.length > 1 ? own.bridge : undefined;
    const groups = bridge ? [own.links!] : own.links!.map((link) => [link]);
    for (const links of groups) {
      if (++this.#entries > MOST_ENTRIES) return 'too many rules';
      const subject = bridge ?? links[0]!;
      const draft = this.#draft(subject.candidate.name, bridge ? 'bridge' : 'link', direction, links);
      if (draft.rules.length >= MOST_RULES) return 'too many rules';
      draft.rules.push(entry);
      draft.sources.push(rule.source);
    }
    return undefined;
  }

  #draft(name: string, of: string, direction: Direction, links: readonly LinkDraft[]): Draft {
    const key = `${of} ${name} ${direction}`;
    const known = this.#drafts.get(key);
    if (known) return known;
    const given = this.#names.take(`${name}-${direction}`);
    const draft: Draft = { name: given, links, direction, rules: [], sources: [] };
    this.#drafts.set(key, draft);
    return draft;
  }
}

function selectorOf(links: readonly LinkDraft[]): object {
  const names = links.map(({ candidate }) => candidate.name);
  return names.length === 1
    ? { matchLabels: { app: names[0] } }
    : { matchExpressions: [{ key: 'app', operator: 'In', values: names }] };
}

function portsOf({ protocol, ports }: Rule): readonly object[] | undefined {
  if (protocol === undefined) return undefined;
  if (!ports) return [{ protocol }];
  return ports.map(({ from, to }) => ({ protocol, port: from, ...(to > from && { endPort: to }) }));
}
