import { API_VERSION } from './group.ts';
import type { Kind } from './key.ts';

/*
 * What the command line needs to know of kinds. The schemas are elsewhere: to load what they are made of takes a command
 * that has nothing to parse longer than all the rest.
 */

/** What users call a kind. */
export interface KindInfo {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly plural: string;
  /** Other names that the command line accepts. */
  readonly shortNames: readonly string[];
}

export const KIND_INFO: Readonly<Record<Kind, KindInfo>> = {
  Namespace: { kind: 'Namespace', apiVersion: 'v1', plural: 'namespaces', shortNames: ['ns'] },
  Bridge: { kind: 'Bridge', apiVersion: API_VERSION, plural: 'bridges', shortNames: ['br'] },
  Link: { kind: 'Link', apiVersion: API_VERSION, plural: 'links', shortNames: [] },
  Route: { kind: 'Route', apiVersion: API_VERSION, plural: 'routes', shortNames: ['rt'] },
  PortForward: { kind: 'PortForward', apiVersion: API_VERSION, plural: 'portforwards', shortNames: ['pf'] },
  NetworkPolicy: {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
  },
};

/** Finds a kind by what a user typed: any case, singular, plural or short. */
export function findKind(text: string): KindInfo | undefined {
  const wanted = text.toLowerCase();
  return Object.values(KIND_INFO).find(
    ({ kind, plural, shortNames }) =>
      kind.toLowerCase() === wanted || plural === wanted || shortNames.includes(wanted),
  );
}
