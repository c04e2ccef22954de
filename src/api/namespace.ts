import { z } from 'zod';
import { clusterMetadata, servedStatus } from './meta.ts';
import { dnsLabel } from './scalars.ts';

/** `v1` Namespace. Its status and spec, which `kubectl get -o yaml` prints, are accepted and mean nothing here. */
export const namespace = z.strictObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: clusterMetadata.extend({ name: dnsLabel }),
  status: servedStatus,
  spec: z.strictObject({ finalizers: z.array(z.string()).optional() }).optional(),
});

export type Namespace = z.output<typeof namespace>;
