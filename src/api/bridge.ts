import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { clusterMetadata, servedStatus } from './meta.ts';
import { interfaceAddress, interfaceName, ipAddress, macAddress, mtu } from './scalars.ts';

/** `upstream`: who is asked for names that are not ours. `Host`: whom the host asks, as its /etc/resolv.conf says. */
const dns = z.strictObject({
  upstream: z.union([z.enum(['None', 'Host']), z.array(ipAddress).min(1).max(8)]).default('None'),
});

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
      dns: dns.optional(),
      dhcp: z.strictObject({}).optional(),
    })
    .superRefine(({ addresses, dns: resolver, dhcp }, context) => {
      const complain = (path: (string | number)[], message: string): void =>
        context.addIssue({ code: 'custom', path, message });
      if (resolver && addresses.length === 0)
        complain(['dns'], 'may only be set where `addresses` has an address, at which it is asked');
      if (dhcp && !addresses.some((address) => !address.includes(':')))
        complain(['dhcp'], 'may only be set where `addresses` has an IPv4 address');
      const own = new Set(addresses.map((address) => address.slice(0, address.indexOf('/'))));
      for (const [index, address] of [resolver?.upstream ?? []].flat().entries())
        if (own.has(address))
          complain(['dns', 'upstream', index], 'must not be an address of this bridge: it would ask itself');
    })
    .prefault({}),
});

/** A bridge of the host, whose addresses are the gateways of its Links. */
export type Bridge = z.output<typeof bridge>;
