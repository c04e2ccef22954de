import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isNamespaced, keyOf } from '../api/key.ts';
import { KIND_INFO, findKind } from '../api/kind.ts';
import type { EngineActions, LxcActions, ObjectReader, TrialActions } from '../engine/ports.ts';
import { StatusError } from './status-error.ts';

const reconcileBody = z
  .strictObject({ allowPrune: z.boolean().default(false), pruneOrphans: z.boolean().default(false) })
  .nullish()
  .transform((body) => body ?? { allowPrune: false, pruneOrphans: false });

/** Where lxcnet's own verbs are served. */
export const RECONCILE_PATH = '/lxcnet/v1/reconcile';
/** Where it is told which directory the daemon reads. */
const MANIFESTS_PATH = '/lxcnet/v1/manifests';
/** Where manifests are put on trial. */
export const TRIAL_PATH = '/lxcnet/v1/trial';
/** Below this is what LXC's hooks ask and tell. */
export const LXC_PATH = '/lxcnet/v1/lxc/';
const KERNEL_PATH = '/lxcnet/v1/kernel';

const trialBody = z.strictObject({ milliseconds: z.number().int().min(1).max(86_400_000) });
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

export interface OwnVerbs {
  readonly actions: EngineActions;
  readonly trials: TrialActions;
  readonly objects: ObjectReader;
  /** The directory of manifests, absolute. */
  readonly manifests: string;
}

/**
 * Serves what Kubernetes has no word for: reconcile now, manifests on trial, what is in the kernel for a resource, and
 * LXC's hooks.
 */
export function serveOwnVerbs(app: FastifyInstance, { actions, trials, objects, manifests }: OwnVerbs): void {
  app.get(MANIFESTS_PATH, () => ({ directory: manifests }));
  app.post(RECONCILE_PATH, (request) => {
    const body = reconcileBody.safeParse(request.body);
    if (!body.success) {
      throw new StatusError('BadRequest', 'the body may have `allowPrune` and `pruneOrphans`, true or false');
    }
    return actions.reconcile(body.data);
  });

  serveTrials(app, trials);
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

function serveTrials(app: FastifyInstance, trials: TrialActions): void {
  app.post(TRIAL_PATH, async (request) => {
    const body = trialBody.safeParse(request.body);
    if (!body.success)
      throw new StatusError('BadRequest', 'the body has `milliseconds`, from 1 to those of a day');
    const begun = await trials.begin(body.data.milliseconds);
    if ('refusal' in begun) throw new StatusError('Invalid', begun.refusal);
    return begun;
  });
  app.post(`${TRIAL_PATH}/end`, async (request) => {
    const body = z.strictObject({ keep: z.boolean() }).safeParse(request.body);
    if (!body.success) throw new StatusError('BadRequest', 'the body has `keep`, true or false');
    const refusal = await trials.end(body.data.keep);
    if (refusal !== undefined) throw new StatusError('Invalid', refusal);
    return {};
  });
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
    return lxc.beforeStart({ name: nameOf(request), path });
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
