import type { z } from 'zod';
import { type Bridge, bridge } from './bridge.ts';
import { type Key, type Kind, keyOf } from './key.ts';
import { type Link, link } from './link.ts';
import { API_VERSION } from './meta.ts';
import { type Namespace, namespace } from './namespace.ts';
import { type NetworkPolicy, networkPolicy } from './network-policy.ts';
import { type PortForward, portForward } from './port-forward.ts';
import { type Route, route } from './route.ts';

/** A resource as a manifest declares it, defaults filled in. */
export type Resource = Namespace | Bridge | Link | Route | PortForward | NetworkPolicy;

/** The resource type of a kind. */
export type ResourceOf<K extends Kind> = Extract<Resource, { kind: K }>;

/** Where a resource is declared; line and column count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A valid resource and where it comes from. */
export interface Manifest<R extends Resource = Resource> {
  readonly key: Key;
  readonly resource: R;
  readonly origin: Origin;
}

/** What users call a kind, and how it is parsed. */
export interface KindInfo {
  readonly kind: Kind;
  readonly apiVersion: string;
  readonly plural: string;
  /** Other names that the command line accepts. */
  readonly shortNames: readonly string[];
  readonly schema: z.ZodType<Resource>;
}

export const KIND_INFO: Readonly<Record<Kind, KindInfo>> = {
  Namespace: {
    kind: 'Namespace',
    apiVersion: 'v1',
    plural: 'namespaces',
    shortNames: ['ns'],
    schema: namespace,
  },
  Bridge: { kind: 'Bridge', apiVersion: API_VERSION, plural: 'bridges', shortNames: ['br'], schema: bridge },
  Link: { kind: 'Link', apiVersion: API_VERSION, plural: 'links', shortNames: [], schema: link },
  Route: { kind: 'Route', apiVersion: API_VERSION, plural: 'routes', shortNames: ['rt'], schema: route },
  PortForward: {
    kind: 'PortForward',
    apiVersion: API_VERSION,
    plural: 'portforwards',
    shortNames: ['pf'],
    schema: portForward,
  },
  NetworkPolicy: {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
    schema: networkPolicy,
  },
};

/** The key of a parsed resource. */
export function resourceKey(resource: Resource): Key {
  const namespaceName = 'namespace' in resource.metadata ? resource.metadata.namespace : '';
  return keyOf(resource.kind, namespaceName, resource.metadata.name);
}

/** Finds a kind by what a user typed: any case, singular, plural or short. */
export function findKind(text: string): KindInfo | undefined {
  const wanted = text.toLowerCase();
  return Object.values(KIND_INFO).find(
    ({ kind, plural, shortNames }) =>
      kind.toLowerCase() === wanted || plural === wanted || shortNames.includes(wanted),
  );
}
