import { type Candidate, Names } from './candidate.ts';
import { type Forwarded, forwardedBy } from './dnat.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import type { PortRange, Rule } from './rule.ts';
import type { Topology } from './topology.ts';
import { everything, familyOf } from './values.ts';

/** As many as a PortForward may have. */
const MOST_PORTS = 1000;

interface Entry extends Omit<Forwarded, 'sources'> {
  sources: readonly string[];
  readonly lines: SourceLine[];
}

/** Makes PortForwards of DNAT rules. */
export function makeForwards(
  rules: readonly Rule[],
  topology: Topology,
  ledger: Ledger,
): readonly Candidate[] {
  const entries = new Entries();
  for (const rule of rules) {
    const forwarded = forwardedBy(rule, topology);
    const reason = typeof forwarded === 'string' ? forwarded : entries.add(forwarded, rule.source);
    if (reason !== undefined) ledger.comment(rule.source, reason);
    else if (rule.leftOut !== undefined) ledger.comment(rule.source, rule.leftOut);
  }
  const names = new Names();
  return [...Map.groupBy(entries.all(), (entry) => groupKey(entry)).values()].map((group) =>
    candidateOf(group, names),
  );
}

/** What is forwarded so far; the first rule for a port counts, as in the kernel. */
class Entries {
  readonly #byListener = new Map<string, Entry[]>();

  all(): readonly Entry[] {
    return [...this.#byListener.values()].flat();
  }

  /** @returns why something of it is not taken. */
  add(forwarded: readonly Forwarded[], source: SourceLine): string | undefined {
    let reason: string | undefined;
    for (const one of forwarded) reason = this.#add(one, source) ?? reason;
    return reason;
  }

  #add(one: Forwarded, source: SourceLine): string | undefined {
    const listener = JSON.stringify([one.interfaces, one.addresses, one.protocol]);
    const entries = this.#byListener.get(listener) ?? [];
    const other = entries.find(({ ports }) => ports.from <= one.ports.to && one.ports.from <= ports.to);
    if (other) {
      const same =
        other.link === one.link && other.targetPort === one.targetPort && isSame(other.ports, one.ports);
      if (!same) return 'another line before it forwards this port';
      other.sources = [...new Set([...other.sources, ...one.sources])];
      other.lines.push(source);
      return other.sources.length > MOST_PORTS ? 'too many sources' : undefined;
    }
    if (entries.length >= MOST_PORTS) return 'too many forwards';
    entries.push({ ...one, lines: [source] });
    this.#byListener.set(listener, entries);
    return undefined;
  }
}

function isSame(one: PortRange, other: PortRange): boolean {
  return one.from === other.from && one.to === other.to;
}

function groupKey(entry: Entry): string {
  const { link, interfaces, addresses } = entry;
  return JSON.stringify([link.candidate.name, interfaces, addresses, sourcesOf(entry)]);
}

/** Who may use it; `undefined` where that is everyone who can reach one of the Link's addresses. */
function sourcesOf({ sources, link, addresses }: Entry): readonly string[] | undefined {
  const families = new Set((addresses ?? link.addresses).map(familyOf));
  const open = [...families].every((family) => sources.includes(everything(family)));
  return open ? undefined : [...sources].sort();
}

function candidateOf(entries: readonly Entry[], names: Names): Candidate {
  const [first] = entries;
  const { link, interfaces, addresses } = first!;
  const sources = sourcesOf(first!);
  const { name } = link.candidate;
  const spec = {
    ...(interfaces && { interfaces }),
    ...(addresses && { addresses }),
    ports: entries.map(({ protocol, ports, targetPort }) => ({
      protocol,
      port: ports.from,
      ...(ports.to > ports.from && { endPort: ports.to }),
      ...(targetPort !== ports.from && { targetPort }),
    })),
    link: { name },
    ...(sources && { sources }),
  };
  return {
    kind: 'PortForward',
    name: names.take(name),
    spec,
    sources: entries.flatMap(({ lines }) => lines),
  };
}
