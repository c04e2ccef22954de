import type { FastifyReply } from 'fastify';
import type { Observable } from 'rxjs';
import type { WatchEvent } from './collection.ts';

/** A client that reads this much more slowly than things change is cut off, and lists again. Bytes. */
const LARGEST_BACKLOG = 64 * 1024 * 1024;

const LONGEST_TIMEOUT_SECONDS = 2_000_000;

/** The watches that are being answered. */
export class WatchStreams {
  readonly #open = new Set<() => void>();

  /**
   * Answers a request with lines: these first, then one for each change, until the client goes, the time is over, or
   * {@link end} is called.
   */
  open(
    reply: FastifyReply,
    initial: readonly string[],
    changes: Observable<WatchEvent>,
    encode: (event: WatchEvent) => string,
    timeoutSeconds: number | undefined,
  ): void {
    reply.hijack();
    const { raw } = reply;
    if (raw.destroyed) return;
    const end = (): void => void raw.end();
    raw.writeHead(200, { 'content-type': 'application/json' });
    raw.flushHeaders();
    if (initial.length > 0) raw.write(initial.join(''));
    const subscription = changes.subscribe((event) => {
      if (raw.writableLength > LARGEST_BACKLOG) raw.destroy();
      else raw.write(encode(event));
    });
    const timer =
      timeoutSeconds === undefined
        ? undefined
        : setTimeout(end, Math.min(timeoutSeconds, LONGEST_TIMEOUT_SECONDS) * 1000);
    this.#open.add(end);
    raw.on('close', () => {
      clearTimeout(timer);
      subscription.unsubscribe();
      this.#open.delete(end);
    });
    raw.on('error', () => undefined); // the client went; 'close' follows
  }

  /** Ends every watch. */
  end(): void {
    for (const end of this.#open) end();
  }
}
