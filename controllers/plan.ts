import type { Key } from '../src/api/key.ts';
import { ANNOTATIONS } from '../src/api/group.ts';
import type { Manifest, Resource } from '../src/api/resource.ts';
import type { ConditionDraft } from '../src/api/status.ts';
import type { Claim, Command, Operation, Place } from '../src/kernel/command.ts';
import type { Observed, ObservedInterface } from '../src/kernel/observed.ts';
import { isMarkedFor, markedKey } from '../src/kernel/observed.ts';

/** What a controller may look at. */
export interface PlanInput {
  readonly desired: ReadonlyMap<Key, Manifest>;
  readonly observed: Observed;
  readonly claims: Claims;
}

/** What lxcnet has made or changed according to its inventory. */
export interface Claims {
  /** @returns the claim on this object, whoever owns it. */
  find(object: Claim['object'], id: string): Claim | undefined;
  /** The claims of one resource; the same list as long as it has the same claims. */
  of(owner: Key): readonly Claim[];
  /** Every claim; the same list as long as there are the same. */
  all(): readonly Claim[];
}

/** Why a resource is not as its manifest says, where operations alone cannot make it so. */
export interface Obstacle {
  readonly reason: string;
  readonly message: string;
  /** Whether only an edit, or the end of what is in the way, helps. */
  readonly stalled: boolean;
}

/** Something that a user should know of a resource that is as its manifest says. */
export interface Note {
  /** In Kubernetes' style, for an event: `UndeclaredPort`. */
  readonly reason: string;
  readonly message: string;
}

/** What has to be done for one resource, and what can be said of it already. */
export interface Plan {
  readonly operations: readonly Operation[];
  readonly obstacle?: Obstacle;
  /** `ReferencesResolved`, for kinds that refer to others. */
  readonly references?: ConditionDraft;
  readonly notes?: readonly Note[];
}

export const NOTHING_TO_DO: Plan = { operations: [] };

export function conflict(message: string): Obstacle {
  return { reason: 'NameConflict', message, stalled: true };
}

export function resolved(message: string): ConditionDraft {
  return { type: 'ReferencesResolved', status: 'True', reason: 'Resolved', message };
}

/** A plan for a resource whose reference does not resolve: nothing is done, and the reason is told twice. */
export function unresolved(reason: 'NotFound' | 'NotReady' | 'ContainerNotRunning', message: string): Plan {
  return {
    operations: [],
    obstacle: { reason, message, stalled: false },
    references: { type: 'ReferencesResolved', status: 'False', reason, message },
  };
}

/** Whether the resource may take over what is not lxcnet's. */
export function mayAdopt(resource: Resource): boolean {
  return resource.metadata.annotations[ANNOTATIONS.adopt] === 'true';
}

/**
 * Whose an interface is, as far as this resource is concerned. `half-made`: created by us a moment before a crash, so it
 * is in the inventory and carries the MAC address we gave it, but no mark yet.
 */
export function ownership(
  device: ObservedInterface,
  key: Key,
  claims: Claims,
  mac: string,
): 'ours' | 'half-made' | 'foreign' {
  if (isMarkedFor(device, key)) return 'ours';
  const claimed = claims.find('interface', device.name)?.owner === key;
  return claimed && device.alias === '' && device.mac === mac ? 'half-made' : 'foreign';
}

/**
 * Enters an interface with this resource's mark in the inventory where that was lost: else it would outlive its manifest.
 *
 * @param before The name with which it came, where it may have been there before it became ours.
 */
export function takenBack(
  device: ObservedInterface | undefined,
  key: Key,
  claims: Claims,
  before?: string,
): Operation[] {
  if (!device || !isMarkedFor(device, key) || claims.find('interface', device.name)) return [];
  return [
    {
      key,
      stage: 'mark',
      verb: 'update',
      object: `interface ${device.name}`,
      commands: [],
      claim: { owner: key, object: 'interface', id: device.name, ...(before !== undefined && { before }) },
    },
  ];
}

/** For messages: whose an interface is that is not this resource's. */
export function ownerText(device: ObservedInterface): string {
  const key = markedKey(device);
  return key === undefined ? "is not lxcnet's" : `is that of ${key}`;
}

export const TAKE_OVER_HINT = `to take it over, set the annotation '${ANNOTATIONS.adopt}: "true"'`;

export function ip(place: Place, ...args: readonly string[]): Command {
  return { tool: 'ip', place, args };
}
