import type { Family } from '../api/address.ts';
import type { Key } from '../api/key.ts';
import type { ResolverFiles } from './resolver-files.ts';

/**
 * The order in which a batch is carried out. Each stage is over before the next begins, and a resource whose command
 * failed in one stage takes no part in the later ones.
 */
export const STAGES = [
  'stop-resolvers',
  'remove-routes',
  'remove-links',
  'remove-bridges',
  'create',
  'mark',
  'configure',
  'sysctl',
  'container',
  'activate',
  'route',
  'resolve',
  'restore',
] as const;
export type Stage = (typeof STAGES)[number];

/** Where an `ip` command runs: on the host, or in the network namespace of a Link's container. */
export type Place =
  | 'host'
  | {
      readonly container: Key;
      readonly path: string;
      readonly identity: string;
      readonly cookie: string;
    };

/** One change that the kernel room can carry out. Arguments are data, in the words of `ip`. */
export type Command =
  | {
      readonly tool: 'ip';
      readonly place: Place;
      readonly args: readonly string[];
      /** The namespace that the other end of a veth pair is made in; becomes the last argument. */
      readonly into?: Exclude<Place, 'host'>;
    }
  | { readonly tool: 'sysctl'; readonly path: string; readonly value: string }
  | ResolverCommand;

/** What happens to a dnsmasq, which is called BRIDGE/SERVICE; one that runs is replaced by one that is started. */
export type ResolverCommand = { readonly tool: 'dnsmasq'; readonly name: string } & (
  | { readonly action: 'start'; readonly interface: string; readonly files: ResolverFiles }
  | { readonly action: 'reload'; readonly files: ResolverFiles }
  | { readonly action: 'stop' }
);

/** Something that a batch does to one kernel object, in a form that `diff` prints and the kernel room executes. */
export interface Operation {
  readonly key: Key;
  readonly stage: Stage;
  readonly verb: 'create' | 'update' | 'delete';
  /** For people: `interface br0`, `address 10.10.20.1/24 on br0`. */
  readonly object: string;
  readonly field?: string;
  readonly from?: string;
  readonly to?: string;
  /** Empty where the kernel is right already and only the inventory has to follow. */
  readonly commands: readonly Command[];
  /** It follows a change of other resources, so it is no correction of something that somebody has changed. */
  readonly follows?: true;
  /** Entered before the commands run (claim), taken out after they succeeded (release). */
  readonly claim?: Claim;
  readonly release?: Claim;
}

/** A kernel object that has no room for a mark, or whose former value must be given back. */
export interface Claim {
  readonly owner: Key;
  readonly object: 'interface' | 'address' | 'route' | 'sysctl' | 'port' | 'proxy';
  /** What identifies it: an interface's name, `ADDRESS dev NAME`, a sysctl's path, … */
  readonly id: string;
  /** The value before lxcnet changed it. */
  readonly before?: string;
}

/** Selects running UDP flows by what their client sends to and who answers; what is absent matches any. */
export interface FlowFilter {
  readonly family: Family;
  /** Where the client sends to. */
  readonly destination?: string;
  readonly port: number;
  /** Absent: the host itself answers, at the address that the client sends to. */
  readonly target?: { readonly address: string; readonly port: number };
}

/** A command that the kernel refused. */
export interface Failure {
  readonly operation: Operation;
  /** The tool's own words. */
  readonly message: string;
}
