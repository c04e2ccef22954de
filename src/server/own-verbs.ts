import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { isNamespaced, keyOf } from '../api/key.ts';
import { KIND_INFO, findKind } from '../api/resource.ts';
import type { EngineActions, ObjectReader } from '../engine/ports.ts';
import { StatusError } from './status-error.ts';

const reconcileBody = z
  .strictObject({ allowPrune: z.boolean().default(false), pruneOrphans: z.boolean().default(false) })
  .nullish()
  .transform((body) => body ?? { allowPrune: false, pruneOrphans: false });

/** Where lxcnet's own verbs are served. */
export const RECONCILE_PATH = '/lxcnet/v1/reconcile';
const KERNEL_PATH = '/lxcnet/v1/kernel';

interface KernelParameters {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Serves what Kubernetes has no word for: reconcile now, and what is in the kernel for a resource. */
export function serveOwnVerbs(app: FastifyInstance, actions: EngineActions, objects: ObjectReader): void {
  app.post(RECONCILE_PATH, (request) => {
    const body = reconcileBody.safeParse(request.body);
    if (!body.success) {
      throw new StatusError('BadRequest', 'the body may have `allowPrune` and `pruneOrphans`, true or false');
    }
    return actions.reconcile(body.data);
  });

  async function kernelFacts({ kind: typed, namespace = '', name }: KernelParameters): Promise<object> {
    const info = findKind(typed);
    if (!info || isNamespaced(info.kind) !== (namespace !== '')) {
      const kinds = Object.values(KIND_INFO).map(({ kind }) => kind);
      throw new StatusError(
        'NotFound',
        `the path ends in KIND/NAME or KIND/NAMESPACE/NAME, KIND one of ${kinds.join(', ')}`,
      );
    }
    const key = keyOf(info.kind, namespace, name);
    if (!objects.get(key)) throw new StatusError('NotFound', `${info.plural} "${name}" not found`);
    return { facts: await actions.kernelFacts(key) };
  }
  app.get(`${KERNEL_PATH}/:kind/:name`, (request) => kernelFacts(request.params as KernelParameters));
  app.get(`${KERNEL_PATH}/:kind/:namespace/:name`, (request) =>
    kernelFacts(request.params as KernelParameters),
  );
}
