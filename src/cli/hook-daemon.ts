import { connect } from 'node:net';
import type { StartVerdict } from '../engine/ports.ts';
import type { LxcContainer } from '../api/lxc-container.ts';
import type { LxcProcess } from '../kernel/lxc.ts';
import { CommandError } from './io.ts';

/*
 * A client of its own, since a hook holds up the start of a container: loading Node's takes longer than all the rest
 * of a hook.
 */

/** Nobody answers, or not in time. */
export class DaemonDown extends CommandError {}

/** Whoever runs the hook may not use the daemon's socket: whether somebody answers there is not known. */
export class NoPermission extends CommandError {}

/** What a hook asks and tells the daemon. */
export interface HookDaemon {
  beforeStart(container: LxcContainer): Promise<StartVerdict>;
  /** @param within Milliseconds. */
  started(container: LxcContainer, process: LxcProcess, within: number): Promise<StartVerdict>;
  stopped(container: LxcContainer): Promise<void>;
}

/** A daemon that is there answers within milliseconds; one that has not by now does not. */
const LONGEST_ANSWER = 3_000;

export function hookDaemon(socketPath: string): HookDaemon {
  const url = ({ name }: LxcContainer): string => `/lxcnet/v1/lxc/${encodeURIComponent(name)}`;
  return {
    async beforeStart(container) {
      const path = `${url(container)}?path=${encodeURIComponent(container.path)}`;
      return (await exchange(socketPath, `GET ${path}`, '', LONGEST_ANSWER)) as StartVerdict;
    },
    async started(container, process, within) {
      const body = JSON.stringify({ path: container.path, ...process });
      return (await exchange(socketPath, `POST ${url(container)}/started`, body, within)) as StartVerdict;
    },
    async stopped({ path, ...container }) {
      const line = `POST ${url({ path, ...container })}/stopped`;
      await exchange(socketPath, line, JSON.stringify({ path }), LONGEST_ANSWER);
    },
  };
}

/**
 * One request and its answer; in HTTP/1.0, where the answer ends with the connection.
 *
 * @throws {DaemonDown | NoPermission | CommandError}
 */
async function exchange(socketPath: string, line: string, body: string, within: number): Promise<unknown> {
  const headers = ['Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`];
  if (body !== '') headers.push('Content-Type: application/json');
  const answer = await converse(
    socketPath,
    `${[`${line} HTTP/1.0`, ...headers].join('\r\n')}\r\n\r\n${body}`,
    within,
  );
  const end = answer.indexOf('\r\n\r\n');
  const code = /^HTTP\/1\.[01] (?<code>\d{3})/.exec(answer)?.groups?.code;
  if (code === undefined || end < 0) throw down(socketPath, 'its answer breaks off');
  const text = answer.slice(end + 4);
  if (code === '200') return parse(text, socketPath);
  throw new CommandError(`the daemon refuses: ${code} ${text.slice(0, 500)}`);
}

function converse(socketPath: string, request: string, within: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    const limit = setTimeout(() => socket.destroy(down(socketPath, `not within ${within} ms`)), within);
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('error', (error) => reject(failureOf(error, socketPath)));
    socket.on('close', () => {
      clearTimeout(limit);
      resolve(answer);
    });
    socket.write(request);
  });
}

function failureOf(error: NodeJS.ErrnoException, socketPath: string): Error {
  if (error instanceof DaemonDown) return error;
  const { code = error.message } = error;
  return code === 'EACCES' || code === 'EPERM'
    ? new NoPermission(`there is no permission to use the daemon's socket ${socketPath} (${code}).`)
    : down(socketPath, code);
}

function parse(text: string, socketPath: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw down(socketPath, 'its answer breaks off'); // it was stopped in the middle of it
  }
}

function down(socketPath: string, why: string): DaemonDown {
  return new DaemonDown(`the daemon does not answer on ${socketPath} (${why}).`);
}
