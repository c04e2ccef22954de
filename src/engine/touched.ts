import type { PlanInput } from '../../controllers/plan.ts';
import type { Key } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { type NamespaceView, type ObservedInterface, candidatesFor, markedKey } from '../kernel/observed.ts';

/**
 * The Links that may need another plan than before, where nothing else can: what has changed is only how host ends are
 * that were theirs before and are now, and how their containers are. `undefined` where more has changed.
 */
export function touchedLinks(before: PlanInput, after: PlanInput): ReadonlySet<Key> | undefined {
  if (!hasSameSurroundings(before, after)) return undefined;
  const devices = changed(before.observed.host.interfaces, after.observed.host.interfaces);
  const containers = changed(before.observed.containers, after.observed.containers);
  const touched = new Set(containers);
  const numbers = new Set<number>();
  for (const name of devices) {
    const owner = ownerOfBoth(before.observed.host, after.observed.host, name);
    if (owner === undefined) return undefined;
    touched.add(owner);
    numbers.add(after.observed.host.interfaces.get(name)!.index);
  }
  for (const key of touched) if (after.desired.get(key)?.resource.kind !== 'Link') return undefined;
  if (numbers.size > 0) addOtherEnds(after, numbers, touched);
  return touched;
}

function hasSameSurroundings(before: PlanInput, after: PlanInput): boolean {
  const [one, other] = [before.observed, after.observed];
  return (
    before.desired === after.desired &&
    before.claims.all() === after.claims.all() &&
    one.missing === other.missing &&
    one.surroundings === other.surroundings &&
    one.resolvers === other.resolvers &&
    one.host.routes === other.host.routes &&
    one.host.proxies === other.host.proxies &&
    one.sysctls.size === other.sysctls.size &&
    [...one.sysctls].every(([path, value]) => other.sysctls.get(path) === value)
  );
}

/** The keys whose values are other objects; those that are in one of the two only, too. */
function changed<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): K[] {
  if (before === after) return [];
  const keys = [...after.keys()].filter((key) => before.get(key) !== after.get(key));
  return [...keys, ...[...before.keys()].filter((key) => !after.has(key))];
}

/** The Link whose host end this interface was and is, the same but for its state. */
function ownerOfBoth(before: NamespaceView, after: NamespaceView, name: string): Key | undefined {
  const [one, other] = [before.interfaces.get(name), after.interfaces.get(name)];
  if (!one || !other) return undefined;
  const same =
    one.alias === other.alias &&
    one.index === other.index &&
    one.kind === other.kind &&
    hasNoAddresses(one) &&
    hasNoAddresses(other);
  return same ? (markedKey(other) as Key | undefined) : undefined;
}

function hasNoAddresses({ addresses }: ObservedInterface): boolean {
  return addresses.length === 0;
}

/** Links whose container has its interface paired with one of these. */
function addOtherEnds(
  { desired, observed }: PlanInput,
  numbers: ReadonlySet<number>,
  touched: Set<Key>,
): void {
  for (const [key, container] of observed.containers) {
    const link = desired.get(key)?.resource as Link | undefined;
    if (container.state !== 'running' || !link) continue;
    const inside = candidatesFor(container.view, link.spec.interface);
    if (inside.some(({ peerIndex }) => peerIndex !== undefined && numbers.has(peerIndex))) touched.add(key);
  }
}
