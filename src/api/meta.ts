import { z } from 'zod';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './scalars.ts';

/** What an API server adds. It is accepted, so that `get -o yaml` can be used as a manifest, and means nothing. */
const served = Object.fromEntries(
  [
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'ownerReferences',
    'finalizers',
    'generateName',
    'selfLink',
  ].map((field) => [field, z.unknown().optional()]),
);

/** A resource's `status`, as an API server prints it; accepted and ignored. */
export const servedStatus = z.unknown().optional();

const common = {
  ...served,
  labels: z.record(qualifiedName, labelValue).default({}),
  annotations: z.record(qualifiedName, z.string().max(262_144)).default({}),
};

export const clusterMetadata = z.strictObject({ name: dnsSubdomain, ...common });
export const namespacedMetadata = z.strictObject({
  name: dnsSubdomain,
  namespace: dnsLabel.default('default'),
  ...common,
});

/** Metadata of any kind; `namespace` is absent for kinds without one. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
