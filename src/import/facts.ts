import type { SourceLine } from './ledger.ts';
import { RuleBook } from './rule-book.ts';

/*
 * What the input files say, whatever their format; manifests are made from this once all files are read.
 */

/** A value and the line that says it. */
export interface Said<T = string> {
  readonly value: T;
  readonly source: SourceLine;
}

/** One veth interface of a container. */
export interface Nic {
  readonly bridge: Said;
  /** Inside the container. */
  readonly interface: string;
  readonly hostInterface: Said | undefined;
  readonly macAddress: Said | undefined;
  readonly mtu: Said<number> | undefined;
  /** With prefix lengths. */
  readonly addresses: readonly Said[];
  /** Addresses, or `auto`. */
  readonly gateways: readonly Said[];
  /** Lines that are fulfilled by the Link as it is. */
  readonly sources: readonly SourceLine[];
}

export interface Container {
  readonly name: string;
  readonly nics: readonly Nic[];
}

/** What a script says of an interface of the host. */
export interface InterfaceSetting {
  readonly interface: string;
  readonly field: 'made' | 'up' | 'address' | 'mtu' | 'macAddress' | 'port';
  readonly value: string;
  readonly source: SourceLine;
}

export interface RouteFact {
  readonly to: string;
  readonly via: string | undefined;
  readonly interface: string | undefined;
  readonly metric: number | undefined;
  readonly source: SourceLine;
}

export class Facts {
  readonly containers: Container[] = [];
  readonly settings: InterfaceSetting[] = [];
  readonly routes: RouteFact[] = [];
  readonly rules = new RuleBook();
}
