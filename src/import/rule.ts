import type { Family } from '../api/address.ts';
import type { SourceLine } from './ledger.ts';

/** Something that a rule compares with. */
export interface Match<T> {
  readonly value: T;
  readonly negated: boolean;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export type Target =
  | { readonly kind: 'accept' | 'drop' | 'masquerade' | 'pass' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'dnat' | 'snat'; readonly to: string };

/** A rule of a firewall, as far as it was understood. */
export interface Rule {
  readonly source: SourceLine;
  /** Both, where absent. */
  readonly family: Family | undefined;
  readonly in?: Match<string>;
  readonly out?: Match<string>;
  /** Networks, any of which will do. */
  readonly from?: Match<readonly string[]>;
  readonly to?: Match<readonly string[]>;
  /** In capitals. */
  readonly protocol?: string;
  /** Destination ports. */
  readonly ports?: readonly PortRange[];
  /** In capitals. */
  readonly states?: readonly string[];
  readonly target: Target;
  /** Why it cannot be carried over: it asks for something that manifests do not know. */
  readonly unsupported?: string;
  /** What is left out without a change of meaning that matters. */
  readonly leftOut?: string;
}

/** Whether a rule is about new connections, as manifests are. */
export function isAboutNew({ states }: Pick<Rule, 'states'>): boolean {
  return states === undefined || states.includes('NEW');
}
