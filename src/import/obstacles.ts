import { type Rule, isAboutNew } from './rule.ts';
import { familyOf, isInside } from './values.ts';

/** Comparisons of rules; a firewall that takes more is not one that a person wrote. */
const MOST_COMPARISONS = 1_000_000;

/** Finds what stops packets before a rule lets them pass: a policy has no order, and would let them pass all the same. */
export class Obstacles {
  readonly #chains: readonly (readonly Rule[])[];
  readonly #drops: readonly { readonly chain: number; readonly index: number; readonly rule: Rule }[];
  #comparisons = 0;

  /** @param mayDrop Whether a chain that a rule jumps to may stop something. */
  constructor(chains: readonly (readonly Rule[])[], mayDrop: (chain: string) => boolean) {
    this.#chains = chains;
    const stops = ({ target }: Rule): boolean =>
      target.kind === 'drop' || (target.kind === 'jump' && mayDrop(target.chain));
    this.#drops = chains.flatMap((rules, chain) =>
      rules.flatMap((rule, index) => (stops(rule) && isAboutNew(rule) ? [{ chain, index, rule }] : [])),
    );
  }

  /** Why a rule may not let everything pass that it says. */
  before(chain: number, index: number): string | undefined {
    const rule = this.#chains[chain]![index]!;
    if (!isAboutNew(rule) || rule.unsupported !== undefined) return undefined;
    for (const drop of this.#drops) {
      // Within a chain the first rule counts; what one chain accepts, another may still drop.
      if (drop.chain === chain && drop.index > index) continue;
      if (drop.chain !== chain && isCatchAll(drop.rule)) continue;
      this.#comparisons += weightOf(drop.rule) * weightOf(rule);
      if (this.#comparisons > MOST_COMPARISONS) return 'too many rules that drop';
      if (mayMeet(drop.rule, rule)) {
        const { line, file } = drop.rule.source;
        return `line ${line} of ${file} stops some of it before, and a policy has no order`;
      }
    }
    return undefined;
  }
}

/** How much there is to compare. */
function weightOf({ from, to, ports }: Rule): number {
  return 1 + (from?.value.length ?? 0) + (to?.value.length ?? 0) + (ports?.length ?? 0);
}

/** The last rule of a chain that closes it: what it leaves open is what the other rules of that chain say. */
function isCatchAll({ in: inside, out, from, to, protocol }: Rule): boolean {
  return !inside && !out && !from && !to && protocol === undefined;
}

/** Whether there may be a packet that both rules are about. */
function mayMeet(one: Rule, other: Rule): boolean {
  if (one.family !== undefined && other.family !== undefined && one.family !== other.family) return false;
  if (one.protocol !== undefined && other.protocol !== undefined && one.protocol !== other.protocol)
    return false;
  return (
    interfacesMeet(one.in, other.in) &&
    interfacesMeet(one.out, other.out) &&
    portsMeet(one, other) &&
    networksMeet(one.from, other.from) &&
    networksMeet(one.to, other.to)
  );
}

function interfacesMeet(one: Rule['in'], other: Rule['in']): boolean {
  if (!one || !other || one.value.endsWith('+') || other.value.endsWith('+')) return true;
  if (one.negated && other.negated) return true;
  return (one.value === other.value) === (one.negated === other.negated);
}

function portsMeet({ ports: one }: Rule, { ports: other }: Rule): boolean {
  if (!one || !other) return true;
  return one.some((range) => other.some(({ from, to }) => range.from <= to && from <= range.to));
}

function networksMeet(one: Rule['from'], other: Rule['from']): boolean {
  if (!one || !other || (one.negated && other.negated)) return true;
  if (one.negated) return networksMeet(other, one);
  return one.value.some((network) =>
    other.negated
      ? !other.value.some((excluded) => isInside(network, excluded))
      : other.value.some(
          (text) =>
            familyOf(text) === familyOf(network) && (isInside(network, text) || isInside(text, network)),
        ),
  );
}
