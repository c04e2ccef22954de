import { interfaceName, ipAddress } from '../api/scalars.ts';
import type { Ledger } from './ledger.ts';
import { type Rule, isAboutNew } from './rule.ts';
import type { BridgeDraft, Topology } from './topology.ts';
import { familyOf, isInside, networkTextOf } from './values.ts';

interface Masquerade {
  interfaces?: string[];
  source?: string | string[];
}

/** Gives bridges the source NAT that rules of POSTROUTING ask for. */
export function addMasquerade(rules: readonly Rule[], topology: Topology, ledger: Ledger): void {
  for (const rule of rules) {
    const reason = rule.unsupported ?? addRule(rule, topology);
    if (reason !== undefined) ledger.comment(rule.source, reason);
    else if (rule.leftOut !== undefined) ledger.comment(rule.source, rule.leftOut);
  }
}

/** @returns why it cannot be carried over. */
function addRule(rule: Rule, topology: Topology): string | undefined {
  const { target, out, protocol, ports } = rule;
  if (target.kind === 'accept')
    return 'not needed: only what leaves by an interface of `masquerade` gets another source';
  if (target.kind !== 'masquerade' && target.kind !== 'snat') return 'not recognised as source NAT';
  if (protocol !== undefined || ports !== undefined || rule.in || !isAboutNew(rule))
    return 'a Bridge masquerades whatever is let out, and not single protocols, ports or interfaces';
  const source = target.kind === 'snat' ? ipAddress.safeParse(target.to) : undefined;
  if (source?.success === false) return 'a source must be one address';
  const { bridges, reason } = bridgesOf(rule, topology);
  if (reason !== undefined) return reason;
  // `! -o br0` and `! -d 10.10.20.0/24` say what is so without them: between containers nothing is masqueraded.
  if (out?.negated && !bridges.every((bridge) => bridge.interface === out.value))
    return 'an interface with `!`';
  const outside = out && !out.negated ? out.value : undefined;
  if (outside !== undefined && !interfaceName.safeParse(outside).success)
    return 'its interface has no valid name';
  if (outside !== undefined && topology.bridgeOf(outside)) return 'what goes to a container keeps its source';
  const complaints = bridges.map((bridge) => merge(bridge, outside, source?.data));
  for (const [index, bridge] of bridges.entries())
    if (complaints[index] === undefined) bridge.candidate.sources.push(rule.source);
  return complaints.find((complaint) => complaint !== undefined);
}

/** The bridges whose containers a rule is about. */
function bridgesOf(
  { from, to, family }: Rule,
  topology: Topology,
): { readonly bridges: readonly BridgeDraft[]; readonly reason?: string } {
  const none = (reason: string): { bridges: []; reason: string } => ({ bridges: [], reason });
  if (topology.bridges.length === 0) return none('no bridge of containers is given here');
  if (from?.negated) return none('a source with `!`');
  const networksOf = (bridge: BridgeDraft): readonly string[] => bridge.addresses.map(networkTextOf);
  const bridges = topology.bridges.filter(
    (bridge) =>
      !from ||
      from.value.some((network) =>
        networksOf(bridge).some(
          (own) => isInside(own, network) && (family === undefined || familyOf(own) === family),
        ),
      ),
  );
  if (bridges.length === 0) return none('its source is not the network of a bridge that is given here');
  if (
    to &&
    !(to.negated && bridges.every((bridge) => networksOf(bridge).some((own) => to.value.includes(own))))
  )
    return none('a Bridge masquerades what leaves by an interface, whatever its destination is');
  return { bridges };
}

/** @returns why it contradicts what the bridge has already. */
function merge(
  { candidate }: BridgeDraft,
  outside: string | undefined,
  source: string | undefined,
): string | undefined {
  const before = candidate.spec.masquerade as Masquerade | undefined;
  if (!before) {
    candidate.spec.masquerade = {
      ...(outside !== undefined && { interfaces: [outside] }),
      ...(source !== undefined && { source }),
    };
    return undefined;
  }
  const sources = [before.source ?? []].flat();
  if (source !== undefined && !sources.includes(source)) {
    const sameFamily = sources.length === 0 || sources.some((text) => familyOf(text) === familyOf(source));
    if (sameFamily || before.interfaces?.[0] !== outside) return 'a Bridge has one source address a family';
    before.source = [...sources, source];
  } else if (source === undefined && sources.length > 0) return 'a Bridge has one source address a family';
  if (outside === undefined) delete before.interfaces;
  else if (before.interfaces && !before.interfaces.includes(outside)) {
    if (before.interfaces.length >= 64) return 'too many interfaces';
    before.interfaces.push(outside);
  }
  return undefined;
}
