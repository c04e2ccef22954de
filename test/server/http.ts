import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestDaemon } from './fixture.ts';

/** What the API answered. */
export interface Answer {
  readonly code: number;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Sends one request over the daemon's socket. */
export async function call(
  daemon: TestDaemon,
  path: string,
  { method = 'GET', headers = {}, body }: CallOptions = {},
): Promise<Answer> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const outgoing = request({
    socketPath: daemon.socketPath,
    path,
    method,
    headers: { ...headers, ...length },
    agent: false,
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const received = await text(response);
  const isJson = response.headers['content-type']?.includes('json') && !received.includes('\n');
  return {
    code: response.statusCode!,
    body: received,
    json: isJson ? (JSON.parse(received) as Record<string, unknown>) : {},
  };
}
