import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MetricsServer, createMetricsServer } from '../../src/server/metrics-server.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

let server: MetricsServer;
let address: string;
let failures: Record<string, string | undefined>;

beforeEach(async () => {
  failures = {};
  const check = (name: string) => ({ name, failure: () => failures[name] });
  server = createMetricsServer({
    metrics: createMetrics(),
    liveness: [check('event-loop')],
    readiness: [check('source-synced'), check('first-pass')],
  });
  address = await server.listen('127.0.0.1:0');
});
afterEach(() => server.close());

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(`http://${address}${path}`);
  return [response.status, await response.text()];
}

/** Sends these bytes and reads until the server closes. */
async function raw(bytes: string): Promise<string> {
  const [host, port] = address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  socket.write(bytes);
  return text(socket);
}

describe('/metrics', () => {
  it('is the text format 0.0.4', async () => {
    const response = await fetch(`http://${address}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toContain('# TYPE workqueue_depth gauge');
  });

  it('is answered over HTTP/1.0, and the connection closed', async () => {
    const answer = await raw('GET /metrics HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
    expect(answer).toContain('\r\n\r\n# HELP');
    expect(answer).not.toContain('chunked');
  });

  it('is answered with Connection: close', async () => {
    expect(await raw('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain(
      'Connection: close',
    );
  });
});

describe('health', () => {
  it('says ok where all is well', async () => {
    expect(await get('/healthz')).toEqual([200, 'ok']);
    expect(await get('/readyz')).toEqual([200, 'ok']);
  });

  it('lists the checks where asked', async () => {
    expect(await get('/readyz?verbose')).toEqual([
      200,
      '[+]first-pass ok\n[+]source-synced ok\nreadyz check passed\n',
    ]);
  });

  it('is 503 before it is ready, without telling strangers why', async () => {
    failures['first-pass'] = 'secret';
    expect(await get('/readyz')).toEqual([
      503,
      '[-]first-pass failed: reason withheld\n[+]source-synced ok\nreadyz check failed\n',
    ]);
    expect((await get('/healthz'))[0]).toBe(200);
  });

  it('leaves out checks where asked, and serves single ones', async () => {
    failures['first-pass'] = 'not over';
    expect((await get('/readyz?exclude=first-pass'))[0]).toBe(200);
    expect((await get('/readyz/source-synced'))[0]).toBe(200);
    expect((await get('/readyz/first-pass'))[0]).toBe(503);
    expect((await get('/readyz/other'))[0]).toBe(404);
  });

  it('fails where a liveness check fails', async () => {
    failures['event-loop'] = 'stuck';
    expect((await get('/healthz'))[0]).toBe(500);
  });
});

describe('anything else', () => {
  it.each(['/', '/metrics/x', '/readyz/a/b', '//'])('is not found: %s', async (path) => {
    expect((await get(path))[0]).toBe(404);
  });

  it('is refused where it is a write', async () => {
    expect((await fetch(`http://${address}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('is an error where the address is taken', async () => {
    const another = createMetricsServer({ metrics: createMetrics(), liveness: [], readiness: [] });
    await expect(another.listen(address)).rejects.toThrow('EADDRINUSE');
    await another.close();
  });
});
