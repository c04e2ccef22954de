import { parseCidr } from '../src/api/address.ts';
import type { Key } from '../src/api/key.ts';
import type { Claim, Operation, Place, Stage } from '../src/kernel/command.ts';
import type { ObservedInterface } from '../src/kernel/observed.ts';
import { type Claims, ip } from './plan.ts';

/** Addresses of one interface: where it is, what it is called, what it should have. */
export interface AddressTarget {
  readonly key: Key;
  readonly place: Place;
  readonly stage: Stage;
  readonly interface: string;
  readonly desired: readonly string[];
  /** Without prefix lengths: what something else put there, and the manifest overrules. */
  readonly overruled?: ReadonlySet<string>;
}

/**
 * Adds what is missing, and removes what lxcnet itself added and no manifest wants any more, and what is overruled. Other
 * addresses that somebody else put on the interface stay.
 */
export function planAddresses(
  target: AddressTarget,
  device: ObservedInterface | undefined,
  claims: Claims,
): Operation[] {
  const present = new Set(device?.addresses ?? []);
  const additions = target.desired
    .filter((address) => !present.has(address))
    .map((address) => addition(target, address));
  // A resource has one interface, which may have had another name when the address came.
  const claimed = new Map(
    claims
      .of(target.key)
      .filter(({ object }) => object === 'address')
      .map((claim) => [claim.id.slice(0, claim.id.indexOf(' ')), claim]),
  );
  const isOver = (address: string): boolean =>
    claimed.has(address) || target.overruled?.has(address.slice(0, address.indexOf('/'))) === true;
  const removals = [...present]
    .filter((address) => isOver(address) && !target.desired.includes(address))
    .map((address) => removal(target, address, claimed.get(address)));
  return [...removals, ...additions];
}

function addition({ key, place, stage, interface: name }: AddressTarget, address: string): Operation {
  // Duplicate address detection would keep the address unusable for 1.5 s; the manifests are checked for duplicates.
  const flags = parseCidr(address)?.family === 6 ? ['nodad'] : [];
  return {
    key,
    stage,
    verb: 'create',
    object: `address ${address} on ${name}`,
    commands: [ip(place, 'address', 'add', address, 'dev', name, ...flags)],
    claim: { owner: key, object: 'address', id: `${address} dev ${name}` },
  };
}

function removal(
  { key, place, stage, interface: name }: AddressTarget,
  address: string,
  claim: Claim | undefined,
): Operation {
  return {
    key,
    stage,
    verb: 'delete',
    object: `address ${address} on ${name}`,
    commands: [ip(place, 'address', 'delete', address, 'dev', name)],
    ...(claim && { release: claim }),
  };
}
