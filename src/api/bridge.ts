import { z } from 'zod';
import { API_VERSION, clusterMetadata, servedStatus } from './meta.ts';
import { interfaceAddress, interfaceName, ipAddress, macAddress, mtu } from './scalars.ts';

const masquerade = z.strictObject({
  interfaces: z.array(interfaceName).min(1).max(64).optional(),
  source: z.union([ipAddress, z.array(ipAddress).min(1).max(2)]).optional(),
});

export const bridge = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Bridge'),
  metadata: clusterMetadata,
  status: servedStatus,
  spec: z
    .strictObject({
      interface: interfaceName.optional(),
      addresses: z.array(interfaceAddress).max(64).default([]),
      macAddress: macAddress.optional(),
      mtu: mtu.default(1500),
      defaultPolicy: z.enum(['Deny', 'Allow']).default('Deny'),
      siblings: z.enum(['Routed', 'Switched']).default('Routed'),
      masquerade: masquerade.optional(),
      ports: z.array(interfaceName).max(64).default([]),
    })
    .prefault({}),
});

/** A bridge of the host, whose addresses are the gateways of its Links. */
export type Bridge = z.output<typeof bridge>;
