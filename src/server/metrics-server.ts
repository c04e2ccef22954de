import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCheck } from '../engine/ports.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { healthOptions, reportHealth } from './health.ts';
import { boundAddress, parseListenAddress } from './listen-address.ts';

// An import of node:http would load undici, see cli/http.ts.
const { createServer } = process.getBuiltinModule('node:http');

interface MetricsServerOptions {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Brings the metrics up to date before they are given; waited for two seconds at most. */
  readonly refresh?: () => Promise<void>;
  /** Behind /healthz. */
  readonly liveness: readonly HealthCheck[];
  /** Behind /readyz. */
  readonly readiness: readonly HealthCheck[];
}

/** Serves /metrics, /healthz and /readyz, with single checks below them (/readyz/NAME). */
export interface MetricsServer {
  /**
   * Listens on `HOST:PORT`.
   *
   * @returns The address, with the port that port 0 became.
   */
  listen(address: string): Promise<string>;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';

/** Makes the server for metrics and health; it listens when told to. */
export function createMetricsServer(options: MetricsServerOptions): MetricsServer {
  const server = createServer((request, response) => {
    answer(options, request).then(
      (given) => send(response, given),
      () => send(response, { code: 500, type: PLAIN, body: 'internal error\n' }),
    );
  });
  return {
    async listen(address) {
      server.listen(parseListenAddress(address));
      await once(server, 'listening'); // rejects when 'error' comes instead
      return boundAddress(server);
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(options: MetricsServerOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { code: 405, type: PLAIN, body: 'only GET and HEAD are supported\n' };
  }
  const url = URL.parse(request.url ?? '', 'http://localhost');
  const [, endpoint = '', check, ...more] = url?.pathname.split('/') ?? [];
  if (!url || more.length > 0) return NOT_FOUND;
  const query = url.searchParams;
  if (endpoint === 'metrics' && check === undefined) {
    await refreshed(options);
    return { code: 200, type: options.metrics.contentType, body: await options.metrics.text() };
  }
  if (endpoint === 'healthz') return checked(endpoint, options.liveness, check, 500, query);
  if (endpoint === 'readyz') return checked(endpoint, options.readiness, check, 503, query);
  return NOT_FOUND;
}

/** A scrape with numbers of before is better than none. */
async function refreshed({ refresh }: MetricsServerOptions): Promise<void> {
  if (!refresh) return;
  const limit = new AbortController();
  const patience = sleep(2_000, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([refresh(), patience]);
  limit.abort();
}

const NOT_FOUND: Answer = { code: 404, type: PLAIN, body: 'not found\n' };

function checked(
  endpoint: string,
  checks: readonly HealthCheck[],
  single: string | undefined,
  failureCode: number,
  query: URLSearchParams,
): Answer {
  const chosen = single === undefined ? checks : checks.filter(({ name }) => name === single);
  if (single !== undefined && chosen.length === 0) return NOT_FOUND;
  const { healthy, body } = reportHealth(endpoint, chosen, healthOptions(query, false));
  return { code: healthy ? 200 : failureCode, type: PLAIN, body };
}

function send(response: ServerResponse, { code, type, body }: Answer): void {
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
