import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { CommandError } from './io.ts';

// An import of node:http reads all that it exports, and so loads undici for what nobody needs here: 50 ms of 60.
const { request } = process.getBuiltinModule('node:http');

/** Nobody listens on the daemon's socket. */
export class DaemonUnavailable extends CommandError {
  constructor(socketPath: string) {
    super(`the daemon does not answer on ${socketPath}: is \`lxcnet run\` up?`);
    this.name = 'DaemonUnavailable';
  }
}

/** The daemon refused a request; `reason` is that of the Kubernetes Status. */
export class RequestRefused extends CommandError {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(`Error from server (${reason}): ${message}`);
    this.name = 'RequestRefused';
    this.reason = reason;
  }
}

interface RequestOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request over the unix socket, and resolves with the answer as soon as it begins.
 *
 * @throws {DaemonUnavailable | RequestRefused}
 */
export async function send(
  socketPath: string,
  path: string,
  { method = 'GET', body, signal }: RequestOptions = {},
): Promise<IncomingMessage> {
  const response = await connectAndSend(socketPath, path, method, body, signal);
  if (response.statusCode === 200) return response;
  const status = (await json(response).catch(() => ({}))) as { reason?: unknown; message?: unknown };
  throw new RequestRefused(
    typeof status.reason === 'string' ? status.reason : String(response.statusCode),
    typeof status.message === 'string' ? status.message : 'no reason given',
  );
}

function connectAndSend(
  socketPath: string,
  path: string,
  method: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request({
      socketPath,
      path,
      method,
      agent: false,
      headers: {
        host: 'localhost',
        accept: 'application/json',
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(signal ? { signal } : {}),
    });
    outgoing.on('response', resolve);
    outgoing.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, socketPath)));
    outgoing.end(payload);
  });
}

function explain(error: NodeJS.ErrnoException, socketPath: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return new DaemonUnavailable(socketPath);
    case 'EACCES':
    case 'EPERM':
      return new CommandError(`no permission to use ${socketPath}`);
    default:
      return error;
  }
}
