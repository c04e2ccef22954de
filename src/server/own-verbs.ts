import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isNamespaced, keyOf } from '../api/key.ts';
import { KIND_INFO, findKind } from '../api/resource.ts';
import type { EngineActions, LxcActions, ObjectReader } from '../engine/ports.ts';
import { StatusError } from './status-error.ts';

const reconcileBody = z
  .strictObject({ allowPrune: z.boolean().default(false), pruneOrphans: z.boolean().default(false) })
  .nullish()
  .transform((body) => body ?? { allowPrune: false, pruneOrphans: false });

/** Where lxcnet's own verbs are served. */
export const RECONCILE_PATH = '/lxcnet/v1/reconcile';
/** Where it is told which directory the daemon reads. */
const MANIFESTS_PATH = '/lxcnet/v1/manifests';
/** Below this is what LXC's hooks ask and tell. */
export const LXC_PATH = '/lxcnet/v1/lxc/';
const KERNEL_PATH = '/lxcnet/v1/kernel';

const lxcPath = z.string().startsWith('/');
const startedBody = z.strictObject({
  path: lxcPath,
  pid: z.number().int().min(1),
  identity: z.string().regex(/^\d+:\d+$/),
});

interface KernelParameters {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/**
 * Serves what Kubernetes has no word for: reconcile now, what is in the kernel for a resource, and LXC's hooks.
 *
 * @param manifests The directory that the daemon reads.
 */
export function serveOwnVerbs(
  app: FastifyInstance,
  actions: EngineActions,
  objects: ObjectReader,
  manifests: string,
): void {
  app.get(MANIFESTS_PATH, () => ({ directory: manifests }));
  app.post(RECONCILE_PATH, (request) => {
    const body = reconcileBody.safeParse(request.body);
    if (!body.success) {
      throw new StatusError('BadRequest', 'the body may have `allowPrune` and `pruneOrphans`, true or false');
    }
    return actions.reconcile(body.data);
  });

  serveLxcHooks(app, actions.lxc);

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

/** A container is named by the last part of the URL, and by its lxcpath: in the query of a question, else in the body. */
function serveLxcHooks(app: FastifyInstance, lxc: LxcActions): void {
  const nameOf = (request: FastifyRequest): string => (request.params as { name: string }).name;
  function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new StatusError('BadRequest', what);
    return parsed.data;
  }
  app.get(`${LXC_PATH}:name`, (request) => {
    const { path } = parse(z.object({ path: lxcPath }), request.query, 'the query has `path`, the lxcpath');
    return lxc.filterOf({ name: nameOf(request), path });
  });
  app.post(`${LXC_PATH}:name/started`, (request) => {
    const what =
      'the body has `path`, the lxcpath, `pid`, and `identity`, its network namespace as DEVICE:INODE';
    const { path, ...process } = parse(startedBody, request.body, what);
    return lxc.started({ name: nameOf(request), path }, process);
  });
  app.post(`${LXC_PATH}:name/stopped`, (request) => {
    const { path } = parse(
      z.strictObject({ path: lxcPath }),
      request.body,
      'the body has `path`, the lxcpath',
    );
    lxc.stopped({ name: nameOf(request), path });
    return {};
  });
}
