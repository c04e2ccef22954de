import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ApiObject } from '../../src/api/object.ts';
import type { Lab } from './lab.ts';

/** Follows the Links of a lab by the API's watch, and tells when each became Ready, or was no longer. */
export class ReadyWatch implements Disposable {
  readonly #changes: { readonly name: string; readonly ready: boolean; readonly at: number }[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #request: ClientRequest;

  constructor(lab: Lab) {
    this.#request = request({
      socketPath: join(lab.directory, 'run/lxcnet.sock'),
      path: '/apis/lxcnet.dev/v1alpha1/links?watch=1',
    });
    const ended = (): void => undefined;
    this.#request.on('error', ended);
    this.#request.on('response', (response: IncomingMessage) => {
      response.on('error', ended);
      createInterface({ input: response })
        .on('error', ended)
        .on('line', (line) => this.#take(line));
    });
    this.#request.end();
  }

  /** @returns when the Link was first seen Ready, or not Ready, at or after this time; in milliseconds, as Date.now() has it. */
  async seen(name: string, ready: boolean, after: number, within = 20_000): Promise<number> {
    const end = Date.now() + within;
    for (;;) {
      const found = this.#changes.find(
        (change) => change.name === name && change.ready === ready && change.at >= after,
      );
      if (found) return found.at;
      if (Date.now() > end)
        throw new Error(`${name} was not seen ${ready ? '' : 'not '}ready within ${within} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, 500);
        const waiting = this.#waiting;
        waiting.add(wake);
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
      });
    }
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #take(line: string): void {
    const { object } = JSON.parse(line) as { readonly object: ApiObject };
    const ready = object.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    this.#changes.push({ name: object.metadata.name, ready, at: Date.now() });
    for (const wake of this.#waiting) wake();
  }
}
