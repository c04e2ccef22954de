import type { Manifest } from '../../support/reference-manifests.ts';
import type { Policy } from '../../support/reference-world.ts';

/** Policies over the Links of reference-world.ts, and what is to become of them. */
export interface Case {
  readonly title: string;
  readonly policies: readonly Policy[];
  /** Default: both bridges with `defaultPolicy: Allow`, as in Kubernetes. */
  readonly bridges?: { readonly defaultPolicy?: 'Allow' | 'Deny'; readonly siblings?: 'Routed' | 'Switched' };
  readonly more?: readonly Manifest[];
  /**
   * Who reaches whom, written by hand. `to web TCP/80`: exactly these reach it (the host always does, and is not named);
   * `from web *`: exactly these it reaches. `*` is every service, several have commas between them; a ` v4` or ` v6` at
   * the end is that family alone. What is not named here is compared with the reference only.
   */
  readonly expected?: Readonly<Record<string, string>>;
}

const EVERYONE = 'web db api ops dev mon client';
const EVERYWHERE = `${EVERYONE} host gw0 gw1`;

/** Everything that a Link may reach: all but itself. */
export function allBut(...names: readonly string[]): string {
  return EVERYWHERE.split(' ')
    .filter((name) => !names.includes(name))
    .join(' ');
}

/** Everyone who may reach a Link: all but itself. */
export function everyoneBut(...names: readonly string[]): string {
  return EVERYONE.split(' ')
    .filter((name) => !names.includes(name))
    .join(' ');
}
