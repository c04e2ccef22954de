import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { namespacedMetadata, servedStatus } from './meta.ts';
import {
  dnsLabel,
  dnsSubdomain,
  interfaceName,
  ipAddress,
  networkCidr,
  portNumber,
  protocol,
} from './scalars.ts';

const forwardedPort = z
  .strictObject({
    protocol: protocol.default('TCP'),
    port: portNumber,
    endPort: portNumber.optional(),
    targetPort: portNumber.optional(),
  })
  .superRefine((value, context) => {
    if (value.endPort !== undefined && value.endPort < value.port) {
      context.addIssue({
        code: 'custom',
        path: ['endPort'],
        message: 'must be greater than or equal to `port`',
      });
    }
    const length = (value.endPort ?? value.port) - value.port;
    if (value.port <= 65535 && (value.targetPort ?? value.port) + length > 65535) {
      context.addIssue({
        code: 'custom',
        path: ['targetPort'],
        message: 'must leave room for the whole range below 65536',
      });
    }
  });

export const portForward = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('PortForward'),
  metadata: namespacedMetadata,
  status: servedStatus,
  spec: z.strictObject({
    interfaces: z.array(interfaceName).min(1).max(64).optional(),
    addresses: z.array(ipAddress).min(1).max(64).optional(),
    ports: z.array(forwardedPort).min(1, 'must have at least one entry').max(1000),
    link: z.strictObject({ name: dnsSubdomain, namespace: dnsLabel.optional() }),
    sources: z.array(networkCidr).min(1).max(1000).optional(),
    hairpin: z.boolean().default(true),
  }),
});

/** Ports of the host that lead to a Link. */
export type PortForward = z.output<typeof portForward>;
