import type { z } from 'zod';
import { type Bridge, bridge } from './bridge.ts';
import { type Key, type Kind, keyOf } from './key.ts';
import { type Link, link } from './link.ts';
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

/** How a resource of each kind is parsed. */
export const SCHEMAS: Readonly<Record<Kind, z.ZodType<Resource>>> = {
  Namespace: namespace,
  Bridge: bridge,
  Link: link,
  Route: route,
  PortForward: portForward,
  NetworkPolicy: networkPolicy,
};

/** The key of a parsed resource. */
export function resourceKey(resource: Resource): Key {
  const namespaceName = 'namespace' in resource.metadata ? resource.metadata.namespace : '';
  return keyOf(resource.kind, namespaceName, resource.metadata.name);
}
