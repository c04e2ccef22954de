import { chmod } from 'node:fs/promises';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import type { EventReader, HealthCheck } from '../engine/ports.ts';
import type { Logger } from '../telemetry/log.ts';
import { createCollections } from './collection.ts';
import { serveDiscovery } from './discovery.ts';
import { healthOptions, reportHealth } from './health.ts';
import { boundAddress, parseListenAddress } from './listen-address.ts';
import { serveCollection } from './list-watch.ts';
import { LXC_PATH, type OwnVerbs, RECONCILE_PATH, TRIAL_PATH, serveOwnVerbs } from './own-verbs.ts';
import { makeRoomForSocket } from './socket-file.ts';
import { StatusError } from './status-error.ts';
import { WatchStreams } from './watch-streams.ts';

interface ApiServerOptions extends OwnVerbs {
  readonly events: EventReader;
  /** Behind /readyz; /healthz and /livez say whether the server answers. */
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
  /** The program's, without a `v`. */
  readonly version: string;
  readonly now?: () => Date;
}

/** The local API, shaped as Kubernetes' own. Read-only, but for lxcnet's verbs on the unix socket. */
export interface ApiServer {
  /** Listens on a unix socket that owner and group may use. Rejects where somebody already does. */
  listenSocket(path: string): Promise<void>;
  /**
   * Listens on `HOST:PORT`, read-only: a TCP port has nobody to ask who the client is.
   *
   * @returns The address, with the port that port 0 became.
   */
  listenTcp(address: string): Promise<string>;
  /** Ends open watches and stops listening. */
  close(): Promise<void>;
}

/** Makes the API server; it listens when told to. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const streams = new WatchStreams();
  const apps: FastifyInstance[] = [];
  function createApp(ownVerbs: boolean): FastifyInstance {
    const app = createApiApp(options, streams, ownVerbs);
    apps.push(app);
    return app;
  }
  return {
    async listenSocket(path) {
      await makeRoomForSocket(path);
      await createApp(true).listen({ path });
      await chmod(path, 0o660);
    },
    async listenTcp(address) {
      const app = createApp(false);
      await app.listen(parseListenAddress(address));
      return boundAddress(app.server);
    },
    async close() {
      streams.end();
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

function createApiApp(options: ApiServerOptions, streams: WatchStreams, ownVerbs: boolean): FastifyInstance {
  const { objects, events, logger, version, now = () => new Date() } = options;
  const app = fastify({
    exposeHeadRoutes: false, // a HEAD of a watch would never end
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 512 },
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const isVerb = [RECONCILE_PATH, TRIAL_PATH, LXC_PATH].some((path) => request.url.startsWith(path));
    const isOwnVerb = ownVerbs && request.method === 'POST' && isVerb;
    done(request.method === 'GET' || isOwnVerb ? undefined : refuseWrite(request.method));
  });
  app.setNotFoundHandler(() => {
    throw new StatusError('NotFound', 'the server could not find the requested resource');
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { body } = error instanceof StatusError ? error : statusOf(error);
    if (body.code >= 500) logger.error('a request to the API failed', { url: request.url, error });
    return reply.code(body.code).send(body);
  });
  const collections = createCollections(objects, events);
  serveDiscovery(app, collections, version);
  for (const collection of collections) serveCollection(app, collection, streams, now);
  serveHealth(app, options.checks);
  serveOwnVerbs(app, options);
  return app;
}

function refuseWrite(method: string): StatusError {
  return new StatusError(
    'MethodNotAllowed',
    `${method} is not supported here: resources are changed by editing the manifests`,
  );
}

function statusOf(error: FastifyError): StatusError {
  const isClientError = error.statusCode !== undefined && error.statusCode < 500;
  return new StatusError(isClientError ? 'BadRequest' : 'InternalError', error.message);
}

function serveHealth(app: FastifyInstance, checks: readonly HealthCheck[]): void {
  const endpoints = { healthz: [], livez: [], readyz: checks };
  for (const [endpoint, ofEndpoint] of Object.entries(endpoints)) {
    app.get(`/${endpoint}`, (request, reply) => {
      const query = new URL(request.url, 'http://localhost').searchParams;
      const { healthy, body } = reportHealth(endpoint, ofEndpoint, healthOptions(query, true));
      return reply
        .code(healthy ? 200 : 503)
        .type('text/plain; charset=utf-8')
        .send(body);
    });
  }
}
