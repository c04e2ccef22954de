import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { clusterMetadata, servedStatus } from './meta.ts';
import { interfaceName, ipAddress, mtu, networkCidr } from './scalars.ts';

const nextHop = z.strictObject({
  via: ipAddress.optional(),
  interface: interfaceName.optional(),
  weight: z
    .number()
    .int()
    .min(1, 'must be between 1 and 256')
    .max(256, 'must be between 1 and 256')
    .default(1),
});

const unsigned32 = (least: number): z.ZodNumber => z.number().int().min(least).max(4_294_967_295);

export const route = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Route'),
  metadata: clusterMetadata,
  status: servedStatus,
  spec: z
    .strictObject({
      to: z.union([z.literal('default'), networkCidr]),
      type: z.enum(['Unicast', 'Blackhole', 'Unreachable', 'Prohibit']).default('Unicast'),
      via: ipAddress.optional(),
      interface: interfaceName.optional(),
      source: ipAddress.optional(),
      metric: unsigned32(0).optional(),
      table: unsigned32(1).default(254),
      mtu: mtu.optional(),
      nextHops: z.array(nextHop).min(1).max(64).optional(),
    })
    .superRefine((spec, context) => {
      const issue = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message });
      const direct = spec.via !== undefined || spec.interface !== undefined;
      if (spec.type !== 'Unicast') {
        for (const field of ['via', 'interface', 'source', 'nextHops', 'mtu'] as const) {
          if (spec[field] !== undefined) issue(field, `may not be set where \`type\` is '${spec.type}'`);
        }
      } else if (spec.nextHops && direct) {
        issue('nextHops', 'may not be set beside `via` or `interface`');
      } else if (!spec.nextHops && !direct) {
        issue('via', 'must be set: one of `via`, `interface` and `nextHops`');
      }
      spec.nextHops?.forEach((hop, index) => {
        if (hop.via === undefined && hop.interface === undefined) {
          context.addIssue({
            code: 'custom',
            path: ['nextHops', index],
            message: 'must have `via` or `interface`',
          });
        }
      });
    }),
});

/** A route of the host. */
export type Route = z.output<typeof route>;
