import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * Makes room for a unix socket: removes a file that an ended process has left behind.
 *
 * @throws {Error} Where somebody answers on it, or it is something else than a socket.
 */
export async function makeRoomForSocket(path: string): Promise<void> {
  const file = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return;
  if (!file.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await answers(path)) throw new Error(`another lxcnet already listens on ${path}`);
  await unlink(path);
}

/** Whether a process has this socket open. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error (EACCES, a full backlog) does not prove that nobody is there.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
