import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { namespacedMetadata, servedStatus } from './meta.ts';
import { rate } from './rate.ts';
import {
  dnsSubdomain,
  interfaceAddress,
  interfaceName,
  ipAddress,
  macAddress,
  mtu,
  networkCidr,
  portName,
  portNumber,
  protocol,
} from './scalars.ts';

/** A name that becomes one path component or one argument of a program. */
const containerName = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.@:+-]*$/,
    "must consist of letters, digits, '_', '-', '.', '@', ':' or '+', and not start with '-' or '.'",
  );

const absolutePath = z
  .string()
  .max(1024)
  .regex(/^\/[\x21-\x7e]*$/, 'must be an absolute path without white space')
  .refine((text) => !text.split('/').includes('..'), "must not contain '..'");

const container = z
  .strictObject({
    lxc: containerName.optional(),
    lxcPath: absolutePath.optional(),
    netns: containerName.optional(),
    pid: z.number().int().min(1).max(4_194_304).optional(),
    machine: containerName.optional(),
  })
  .superRefine((value, context) => {
    const chosen = (['lxc', 'netns', 'pid', 'machine'] as const).filter(
      (field) => value[field] !== undefined,
    );
    if (chosen.length !== 1) {
      context.addIssue({
        code: 'custom',
        message: 'must have exactly one of `lxc`, `netns`, `pid` and `machine`',
      });
    }
    if (value.lxcPath !== undefined && value.lxc === undefined) {
      context.addIssue({ code: 'custom', path: ['lxcPath'], message: 'may only be set beside `lxc`' });
    }
  });

const destination = z.union([z.literal('default'), networkCidr]);

export const link = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Link'),
  metadata: namespacedMetadata,
  status: servedStatus,
  spec: z.strictObject({
    bridge: dnsSubdomain,
    container,
    interface: interfaceName.default('eth0'),
    hostInterface: interfaceName.optional(),
    macAddress: macAddress.optional(),
    addresses: z.array(interfaceAddress).max(64).default([]),
    gateway: z.union([z.enum(['Auto', 'None']), z.array(ipAddress).min(1).max(2)]).default('Auto'),
    routes: z
      .array(z.strictObject({ to: destination, via: ipAddress.optional() }))
      .max(256)
      .default([]),
    mtu: mtu.optional(),
    ports: z
      .array(z.strictObject({ name: portName, port: portNumber, protocol: protocol.default('TCP') }))
      .max(256)
      .default([]),
    antiSpoofing: z.boolean().default(true),
    bandwidth: z.strictObject({ ingress: rate.optional(), egress: rate.optional() }).optional(),
  }),
});

/** A veth pair between a bridge and a container. */
export type Link = z.output<typeof link>;
