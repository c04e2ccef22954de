/*
 * What others do on this host, as far as it concerns what lxcnet promises: advice rests on it, never a change.
 */

/** A socket of the host itself that waits for clients. */
export interface Listener {
  readonly protocol: 'TCP' | 'UDP';
  /** `0.0.0.0`, `::` and `*` (both) stand for every address. */
  readonly address: string;
  readonly port: number;
  /** The program's name, where it is known. */
  readonly program?: string;
}

/** What a rule can ask for, of what is known of a packet. */
export type PacketField =
  | 'iifname'
  | 'oifname'
  | 'nfproto'
  | 'saddr4'
  | 'daddr4'
  | 'saddr6'
  | 'daddr6'
  | 'protocol'
  | 'dport'
  | 'state'
  | 'status'
  | 'direction';

export type ForeignVerdict =
  | { readonly type: 'accept' | 'drop' | 'return' }
  | { readonly type: 'jump' | 'goto'; readonly target: string };

/** One part of a rule, in the order in which the kernel evaluates them. */
export type ForeignStatement =
  | {
      readonly type: 'match';
      readonly field: PacketField;
      readonly negated: boolean;
      /** As nft prints them: names, numbers, prefixes, ranges `A-B`, names with a star at the end. */
      readonly values: readonly string[];
    }
  | {
      readonly type: 'map';
      readonly field: PacketField;
      readonly verdicts: readonly (readonly [value: string, verdict: ForeignVerdict])[];
    }
  /** A match that is not understood. */
  | { readonly type: 'unknown' }
  | { readonly type: 'verdict'; readonly verdict: ForeignVerdict };

export interface ForeignChain {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly table: string;
  readonly name: string;
  /** Of base chains. */
  readonly hook?: string;
  readonly policy?: 'accept' | 'drop';
  readonly rules: readonly (readonly ForeignStatement[])[];
}

/** The chains of other tables that see what is forwarded or comes in, and those that they lead to. */
export type ForeignChains = readonly ForeignChain[];

export interface Surroundings {
  readonly foreign: ForeignChains;
  readonly listeners: readonly Listener[];
}
