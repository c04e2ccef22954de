import { z } from 'zod';
import { contains, overlaps, parseCidr } from './address.ts';
import { namespacedMetadata, servedStatus } from './meta.ts';
import { networkCidr, portName, portNumber, protocol } from './scalars.ts';
import { labelSelector } from './selector.ts';

const ipBlock = z
  .strictObject({ cidr: networkCidr, except: z.array(networkCidr).max(1000).optional() })
  .superRefine((block, context) => {
    const cidr = parseCidr(block.cidr);
    block.except?.forEach((text, index) => {
      const except = parseCidr(text);
      if (
        cidr &&
        except &&
        !(contains(cidr, except) && except.prefix > cidr.prefix && overlaps(cidr, except))
      ) {
        context.addIssue({
          code: 'custom',
          path: ['except', index],
          message: `must be a strict subset of '${block.cidr}'`,
        });
      }
    });
  });

const peer = z
  .strictObject({
    podSelector: labelSelector.optional(),
    namespaceSelector: labelSelector.optional(),
    ipBlock: ipBlock.optional(),
  })
  .superRefine((value, context) => {
    const selects = value.podSelector !== undefined || value.namespaceSelector !== undefined;
    if (value.ipBlock !== undefined && selects) {
      context.addIssue({
        code: 'custom',
        path: ['ipBlock'],
        message: 'may not be set beside `podSelector` or `namespaceSelector`',
      });
    }
    if (value.ipBlock === undefined && !selects) {
      context.addIssue({
        code: 'custom',
        message: 'must have `podSelector`, `namespaceSelector` or `ipBlock`',
      });
    }
  });

const policyPort = z
  .strictObject({
    protocol: protocol.default('TCP'),
    port: z.union([portNumber, portName]).optional(),
    endPort: portNumber.optional(),
  })
  .superRefine((value, context) => {
    if (value.endPort === undefined) return;
    if (typeof value.port !== 'number') {
      context.addIssue({
        code: 'custom',
        path: ['endPort'],
        message: 'may only be set beside a numeric `port`',
      });
    } else if (value.endPort < value.port) {
      context.addIssue({
        code: 'custom',
        path: ['endPort'],
        message: 'must be greater than or equal to `port`',
      });
    }
  });

const ports = z.array(policyPort).max(1000).optional();
const peers = z.array(peer).max(1000).optional();

export const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata: namespacedMetadata,
  status: servedStatus,
  spec: z.strictObject({
    podSelector: labelSelector.default({}),
    policyTypes: z
      .array(z.enum(['Ingress', 'Egress']))
      .max(2)
      .optional(),
    ingress: z
      .array(z.strictObject({ from: peers, ports }))
      .max(1000)
      .optional(),
    egress: z
      .array(z.strictObject({ to: peers, ports }))
      .max(1000)
      .optional(),
  }),
});

/** `networking.k8s.io/v1` NetworkPolicy, a Link standing where Kubernetes says Pod. */
export type NetworkPolicy = z.output<typeof networkPolicy>;
export type PolicyPeer = z.output<typeof peer>;
export type PolicyPort = z.output<typeof policyPort>;
export type Direction = 'Ingress' | 'Egress';

/** The directions that a policy isolates; Kubernetes' default is Ingress, and Egress where egress rules are given. */
export function policyTypes(policy: NetworkPolicy): readonly Direction[] {
  const { policyTypes: given, egress } = policy.spec;
  return given?.length ? given : egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
}
